//! `PolicyHandle`: a policy that is replaced while requests run.

use http::HeaderName;
use tower_cors::{CorsLayer, Policy, PolicyHandle};

use crate::support::{APP, EVIL, app_only, built, get, preflight, send_through};

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
