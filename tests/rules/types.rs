//! What the public types are.

use std::fmt::Debug;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use tower::{Layer, Service};
use tower_cors::{
    Allowed, Cors, CorsLayer, Decision, EmptyPolicyList, Enforcement, EnforcementError,
    Explanation, Origin, OriginError, OriginErrorKind, OriginPattern, OriginSet, PatternError,
    Policy, PolicyBuilder, PolicyError, PolicyErrors, PolicyHandle, PolicyList, PolicySource,
    Rejection, ResponseFuture,
};

use crate::support::{APP, app_only, built};

/// Not `Debug`, with an error that is nothing, for one request type.
#[derive(Clone)]
struct Bare;
struct Error;

impl tower::Service<Request<&'static str>> for Bare {
    type Response = Response<Vec<u8>>;
    type Error = Error;
    type Future = std::future::Ready<Result<Response<Vec<u8>>, Error>>;
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
    fn call(&mut self, _: Request<&'static str>) -> Self::Future {
        std::future::ready(Ok(Response::new(Vec::new())))
    }
}

fn is_shared_value<T: Clone + Debug + Send + Sync + 'static>() {}
fn is_error<T: std::error::Error + Clone + Send + Sync + 'static>() {}
fn is_future<T: Debug + Send>() {}

#[test]
fn public_types_are_clone_debug_send_and_sync() {
    is_shared_value::<CorsLayer>();
    is_shared_value::<Cors<String>>();
    is_shared_value::<Allowed<'static, http::Method>>();
    is_shared_value::<Decision>();
    is_shared_value::<Enforcement>();
    is_shared_value::<Explanation>();
    is_shared_value::<Origin>();
    is_shared_value::<OriginErrorKind>();
    is_shared_value::<OriginPattern>();
    is_shared_value::<OriginSet>();
    is_shared_value::<Policy>();
    is_shared_value::<PolicyBuilder>();
    is_shared_value::<PolicyHandle>();
    is_shared_value::<PolicyList>();
    is_shared_value::<PolicySource>();
    is_shared_value::<Rejection>();
    is_error::<EnforcementError>();
    is_error::<EmptyPolicyList>();
    is_error::<OriginError>();
    is_error::<PatternError>();
    is_error::<PolicyError>();
    is_error::<PolicyErrors>();
    is_future::<ResponseFuture<Bare, &'static str>>();
    #[cfg(feature = "cache")]
    {
        is_shared_value::<tower_cors::DynamicPolicies>();
        is_shared_value::<tower_cors::SnapshotPolicies>();
        is_shared_value::<tower_cors::SnapshotStatus>();
        is_shared_value::<tower_cors::PolicyCache>();
    }
}

#[test]
fn a_service_asks_of_its_inner_one_no_more_than_it_needs() {
    let mut service = CorsLayer::new(built(app_only())).layer(Bare);
    let _future = Service::call(&mut service, Request::new("sent"));
}

#[test]
fn a_service_is_ready_when_its_inner_one_is() {
    /// Ready when asked a second time, and broken when asked a third.
    #[derive(Clone, Default)]
    struct Busy(usize);

    impl tower::Service<Request<()>> for Busy {
        type Response = Response<()>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Response<()>, &'static str>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            self.0 += 1;
            match self.0 {
                1 => Poll::Pending,
                2 => Poll::Ready(Ok(())),
                _ => Poll::Ready(Err("broken")),
            }
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::ready(Ok(Response::new(())))
        }
    }

    let mut service = CorsLayer::new(built(app_only())).layer(Busy::default());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(
        [(); 3].map(|()| Service::<Request<()>>::poll_ready(&mut service, &mut context)),
        [
            Poll::Pending,
            Poll::Ready(Ok(())),
            Poll::Ready(Err("broken"))
        ]
    );
}

#[test]
fn what_is_written_is_read_as_it_was_written() {
    let pattern: OriginPattern = "https://*.example.com".parse().unwrap();
    assert_eq!(pattern.as_ref(), "https://*.example.com");
    assert_eq!(APP.parse::<Origin>().unwrap().as_ref(), APP);
    assert_eq!(
        Decision::Rejected(Rejection::OriginMalformed).rejection(),
        Some(Rejection::OriginMalformed)
    );
    assert_eq!(Decision::Allowed.rejection(), None);
}

/// Checks the traits of a text on two values, the first of which is the lesser.
fn is_text<T>(lesser: &'static str, greater: &'static str)
where
    T: TryFrom<&'static str, Error: Debug> + TryFrom<String, Error: Debug> + Ord + Clone + Debug,
    T: PartialEq<str> + PartialEq<&'static str> + AsRef<str> + std::fmt::Display,
    str: PartialEq<T>,
    &'static str: PartialEq<T>,
{
    let value = T::try_from(lesser).unwrap();
    let other = T::try_from(greater.to_owned()).unwrap();
    for (text, is_equal) in [(lesser, true), (greater, false)] {
        assert_eq!(value == text, is_equal);
        assert_eq!(value == *text, is_equal);
        assert_eq!(text == value, is_equal);
        assert_eq!(*text == value, is_equal);
    }
    assert_eq!(
        (value.as_ref(), value.to_string()),
        (lesser, lesser.to_owned())
    );
    assert!(value < other && value.partial_cmp(&other) == Some(std::cmp::Ordering::Less));
    let sorted = std::collections::BTreeSet::from([other.clone(), value.clone(), other.clone()]);
    assert!(sorted.iter().eq([&value, &other]));
    assert!(T::try_from("https://App.example.com").is_err());
    assert!(T::try_from("https://App.example.com".to_owned()).is_err());
}

#[test]
fn origins_and_patterns_are_compared_ordered_and_converted_as_texts() {
    is_text::<Origin>("http://z.example", "https://a.example");
    is_text::<Origin>("https://a.example", "null");
    is_text::<OriginPattern>("https://*.example.com", "https://a.example.com:*");
}

#[test]
fn enforcement_is_read_from_its_name_only() {
    for (name, enforcement) in [
        ("off", Enforcement::Off),
        ("report", Enforcement::Report),
        ("block", Enforcement::Block),
    ] {
        assert_eq!(name.parse(), Ok(enforcement));
        assert_eq!(enforcement.to_string(), name);
    }
    for wrong in ["", "Block", " block", "none", "would-block"] {
        let error = wrong.parse::<Enforcement>().unwrap_err();
        assert_eq!(error.value(), wrong);
        assert!(error.to_string().contains("help: write `off`"), "{error}");
    }
}

#[test]
fn mistakes_are_read_one_by_one() {
    let errors = Policy::builder()
        .allow_origins(["https://a.com/", "https://b.com/"])
        .build()
        .unwrap_err();
    let mut read = 0;
    for error in &errors {
        assert!(!error.to_string().is_empty());
        read += 1;
    }
    assert_eq!(read, 2);
}

#[test]
fn debug_names_the_type_of_what_has_no_text() {
    let layer = CorsLayer::new(built(app_only()));
    let future = Service::call(&mut layer.layer(Bare), Request::new("sent"));
    for (printed, name) in [
        (format!("{:?}", Policy::builder()), "PolicyBuilder"),
        (format!("{:?}", layer.layer("inner")), "Cors"),
        (format!("{future:?}"), "ResponseFuture"),
    ] {
        assert!(printed.starts_with(name), "{printed}");
    }
    #[cfg(feature = "cache")]
    {
        use std::convert::Infallible;
        use tower_cors::{DynamicPolicies, PolicyCache, Scope};

        let policies = DynamicPolicies::new(|_, _| std::future::ready(Ok::<_, Infallible>(None)));
        for (printed, name) in [
            (format!("{policies:?}"), "DynamicPolicies"),
            (
                format!("{:?}", PolicyCache::builder()),
                "PolicyCacheBuilder",
            ),
            (format!("{:?}", Scope::from("tenant")), "\"tenant\""),
        ] {
            assert!(printed.starts_with(name), "{printed}");
        }
    }
}

#[test]
fn debug_prints_the_thing() {
    assert_eq!(format!("{:?}", APP.parse::<Origin>().unwrap()), APP);
    assert_eq!(
        format!(
            "{:?}",
            "https://*.example.com".parse::<OriginPattern>().unwrap()
        ),
        "https://*.example.com"
    );
    let policy = built(
        app_only()
            .allow_origins_where(|_| false)
            .allow_null_origin(true)
            .allow_file_origin(true)
            .max_age(Duration::from_secs(5))
            .allow_any_header(),
    );
    let printed = format!("{:?}", CorsLayer::new(policy));
    for words in [
        APP,
        "or by predicate",
        "or null",
        "or file://",
        "*, authorization",
        "max_age: Some(5)",
        "methods: none",
    ] {
        assert!(printed.contains(words), "{words} is not in {printed}");
    }
}

#[test]
fn debug_of_a_large_policy_is_short() {
    let origins = (0..1000).map(|number| format!("https://{number}.example.com"));
    let printed = format!("{:?}", built(Policy::builder().allow_origins(origins)));
    assert!(
        printed.contains("and 984 more") && printed.len() < 2000,
        "{printed}"
    );
}

#[test]
fn a_source_is_made_of_a_policy_an_array_or_a_list() {
    let policy = built(app_only());
    let _: CorsLayer = CorsLayer::new(policy.clone());
    let _: CorsLayer = CorsLayer::new([policy.clone(), policy.clone()]);
    let _: CorsLayer = CorsLayer::new(PolicyList::new(policy.clone()).then(policy.clone()));
    let _: CorsLayer = CorsLayer::new(PolicySource::from(policy));
}
