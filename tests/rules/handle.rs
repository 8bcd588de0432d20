//! `PolicyHandle` and `PolicyList`: policies that are replaced while requests run, and the first that allows an origin.

use http::HeaderName;
use tower_cors::{
    CorsLayer, EmptyPolicyList, Enforcement, ListedPolicy, Policy, PolicyHandle, PolicyList,
};

use crate::support::{APP, Answer, EVIL, app_only, built, get, preflight, send, send_through};

#[test]
fn a_replaced_policy_holds_for_every_request_that_follows() {
    let handle = PolicyHandle::new(built(app_only()));
    let layer = CorsLayer::new(handle.clone());
    assert_eq!(
        send_through(&layer, &[], get(APP)).header("access-control-allow-origin"),
        Some(APP)
    );
    let before = handle.replace(built(Policy::builder().allow_origins([EVIL])));
    assert!(format!("{before:?}").contains(APP));
    assert!(format!("{handle:?}").contains(EVIL));
    assert_eq!(send_through(&layer, &[], get(APP)).cors_headers(), [""; 0]);
    assert_eq!(
        send_through(&layer, &[], get(EVIL)).header("access-control-allow-origin"),
        Some(EVIL)
    );
    assert!(
        handle
            .current()
            .decide(&http::Method::GET, get(EVIL).headers())
            .is_allowed()
    );
}

#[test]
fn every_answer_is_wholly_of_one_policy() {
    let named = |name: &'static str, credentials| {
        let name = HeaderName::from_static(name);
        built(
            app_only()
                .allow_headers([name.clone()])
                .expose_headers([name])
                .allow_credentials(credentials),
        )
    };
    let (old, new) = (named("x-old", true), named("x-new", false));
    let handle = PolicyHandle::new(old.clone());
    let layer = CorsLayer::new(handle.clone());
    let read = || {
        for _ in 0..2_000 {
            let preflight = send_through(&layer, &[], preflight(APP, "POST", ""));
            let actual = send_through(&layer, &[], get(APP));
            let lists = [
                "access-control-allow-headers",
                "access-control-expose-headers",
            ];
            for (answer, list) in [&preflight, &actual].into_iter().zip(lists) {
                let is_old = answer.header("access-control-allow-credentials").is_some();
                assert_eq!(
                    answer.header(list),
                    Some(if is_old { "x-old" } else { "x-new" })
                );
            }
        }
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
        while readers.iter().any(|reader| !reader.is_finished()) {
            handle.replace(new.clone());
            handle.replace(old.clone());
        }
    });
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[test]
fn ours_from_a_handle_then_everyone() {
    let ours = PolicyHandle::new(built(app_only().allow_credentials(true)));
    let layer = CorsLayer::new(PolicyList::new(ours.clone()).then(Policy::permissive()));
    for (origin, expected) in [(APP, APP), (EVIL, "*")] {
        let answer = send_through(&layer, &[], get(origin));
        assert_eq!(allowed(&answer), Some(expected));
        let credentials = answer.header("access-control-allow-credentials");
        assert_eq!(credentials.is_some(), origin == APP);
        assert_eq!(answer.vary(), ["origin"]);
    }
    ours.replace(built(Policy::builder().allow_origins([EVIL])));
    for (origin, expected) in [(APP, "*"), (EVIL, EVIL)] {
        let answer = send_through(&layer, &[], get(origin));
        assert_eq!(allowed(&answer), Some(expected));
        let answer = send_through(&layer, &[], preflight(origin, "PUT", ""));
        assert_eq!(allowed(&answer), Some(expected));
    }
}

#[test]
fn each_handle_in_a_list_can_be_replaced() {
    let handles = ["https://0.example", "https://1.example"]
        .map(|origin| PolicyHandle::new(built(Policy::builder().allow_origins([origin]))));
    let list = PolicyList::new(handles[0].clone()).then(handles[1].clone());
    let layer = CorsLayer::new(list);
    let reads = |origin: &str| allowed(&send_through(&layer, &[], get(origin))).is_some();
    assert!(reads("https://0.example") && reads("https://1.example") && !reads(APP));
    for (handle, gone) in handles
        .iter()
        .zip(["https://0.example", "https://1.example"])
    {
        let before = handle.replace(built(app_only()));
        assert!(reads(APP) && !reads(gone), "{gone}");
        handle.replace(before);
        assert!(!reads(APP) && reads(gone), "{gone}");
    }
}

#[test]
fn a_list_of_one_handle_is_that_handle() {
    let handle = PolicyHandle::new(Policy::permissive());
    let layer = CorsLayer::new(PolicyList::new(handle.clone()));
    // No origin can get another response, so caches may share it.
    assert_eq!(send_through(&layer, &[], get(APP)).vary(), [""; 0]);
    handle.replace(built(app_only()));
    assert_eq!(allowed(&send_through(&layer, &[], get(APP))), Some(APP));
}

#[test]
fn the_first_policy_of_a_list_that_allows_the_origin_answers() {
    let both = built(
        Policy::builder()
            .allow_origins([APP, EVIL])
            .allow_credentials(true),
    );
    let list = PolicyList::new(built(app_only())).then(both.clone());
    for (origin, credentials) in [(APP, false), (EVIL, true)] {
        let answer = send(list.clone(), get(origin));
        assert_eq!(allowed(&answer), Some(origin));
        let header = answer.header("access-control-allow-credentials");
        assert_eq!(header.is_some(), credentials, "{origin}");
    }
    let items: Vec<ListedPolicy> = vec![built(app_only()).into(), PolicyHandle::new(both).into()];
    let answer = send(PolicyList::try_from(items).unwrap(), get(EVIL));
    assert!(answer.header("access-control-allow-credentials").is_some());
}

#[test]
fn a_list_of_no_policies_is_an_error_that_names_what_to_write() {
    let error = PolicyList::try_from(Vec::<Policy>::new()).unwrap_err();
    assert_eq!(error, EmptyPolicyList);
    assert!(error.to_string().contains("help: start with a policy"));
}

#[test]
fn every_policy_of_a_list_has_to_trust_the_same_origin() {
    for (trusts, status) in [(true, 200), (false, 403)] {
        let handle = PolicyHandle::new(built(
            app_only()
                .enforce(Enforcement::Block)
                .trust_same_origin(trusts),
        ));
        let list = PolicyList::new(handle).then(built(app_only()));
        let mut request = get("https://own.example");
        let host = http::HeaderValue::from_static("own.example");
        request.headers_mut().insert(http::header::HOST, host);
        let layer = CorsLayer::new(list).enforce(Enforcement::Block);
        assert_eq!(send_through(&layer, &[], request).status, status);
    }
}

#[test]
fn debug_prints_the_policies_of_a_list() {
    let handle = PolicyHandle::new(built(Policy::builder().allow_origins([EVIL])));
    let list = PolicyList::new(built(app_only())).then(handle);
    let printed = format!("{list:?}");
    assert!(printed.starts_with("PolicyList [Policy {"), "{printed}");
    assert!(
        printed.contains(APP)
            && printed.contains("PolicyHandle(Policy {")
            && printed.contains(EVIL)
    );
    assert!(format!("{:?}", CorsLayer::new(list)).contains(EVIL));
}

#[test]
fn an_answer_of_a_list_is_wholly_of_one_policy_that_stood() {
    let numbered = |number: u32| {
        let name = HeaderName::try_from(format!("x-{number}")).unwrap();
        built(
            app_only()
                .allow_headers([name.clone()])
                .expose_headers([name]),
        )
    };
    let handle = PolicyHandle::new(numbered(0));
    let layer = CorsLayer::new(PolicyList::new(handle.clone()).then(Policy::permissive()));
    let latest = std::sync::atomic::AtomicU32::new(0);
    let read = || {
        for _ in 0..2_000 {
            let least = latest.load(std::sync::atomic::Ordering::SeqCst);
            let answer = send_through(&layer, &[], get(APP));
            let exposed = answer.header("access-control-expose-headers").unwrap();
            let number: u32 = exposed[2..].parse().unwrap();
            assert!(number >= least, "{number} after {least}");
        }
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        let mut number = 0;
        while readers.iter().any(|reader| !reader.is_finished()) {
            number += 1;
            handle.replace(numbered(number));
            latest.store(number, std::sync::atomic::Ordering::SeqCst);
        }
    });
}
