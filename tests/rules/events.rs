//! Which events each decision logs.

use futures_util::FutureExt;
use http::header::ORIGIN;
use http::{HeaderValue, Method, Request};
#[cfg(feature = "cache")]
use tower_cors::Policy;
use tower_cors::PolicySource;
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send};

#[path = "../support/events.rs"]
pub(crate) mod recorded;

use recorded::{Events, subscribed};

/// The events of a request under a subscriber of this level.
fn events(
    level: tracing::Level,
    source: impl Into<PolicySource>,
    request: Request<()>,
) -> Vec<String> {
    let events = Events::default();
    let filter = tracing_subscriber::filter::LevelFilter::from_level(level);
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(events.clone());
    subscribed(subscriber, || send(source, request));
    events.taken()
}

#[test]
fn d1_a_rejection_is_one_event_at_debug_with_its_reason() {
    assert_eq!(
        events(tracing::Level::DEBUG, built(app_only()), get(EVIL)),
        [
            r#"DEBUG tower_cors kind="actual" origin=https://evil.example method=GET decision="rejected" reason="origin-not-allowed" enforcement="none""#
        ]
    );
    assert_eq!(
        events(
            tracing::Level::DEBUG,
            built(app_only()),
            preflight(APP, "PUT", "")
        ),
        [
            r#"DEBUG tower_cors kind="preflight" origin=https://app.example.com method=OPTIONS decision="rejected" reason="method-not-allowed" enforcement="none""#
        ]
    );
}

#[test]
fn d1_what_is_allowed_or_not_cors_is_one_event_at_trace() {
    for (request, decision) in [
        (
            get(APP),
            r#"kind="actual" origin=https://app.example.com method=GET decision="allowed" reason="allowed" enforcement="none""#,
        ),
        (
            request(Method::GET, &[]),
            r#"kind="not-cors" origin= method=GET decision="not-cors" reason="not-cors" enforcement="none""#,
        ),
    ] {
        let copy = crate::support::request(request.method().clone(), &[]);
        let mut copied = copy;
        *copied.headers_mut() = request.headers().clone();
        assert_eq!(
            events(tracing::Level::TRACE, built(app_only()), request),
            [format!("TRACE tower_cors {decision}")]
        );
        assert_eq!(
            events(tracing::Level::DEBUG, built(app_only()), copied),
            [""; 0]
        );
    }
}

#[test]
fn d1_an_origin_is_escaped_and_bounded_in_the_event() {
    let mut request = get(APP);
    request.headers_mut().insert(
        ORIGIN,
        HeaderValue::from_bytes(b"https://\x1b[31m\xffevil")
            .unwrap_or_else(|_| HeaderValue::from_bytes(b"https://\t[31m\xffevil").unwrap()),
    );
    let [event] = events(tracing::Level::DEBUG, built(app_only()), request)
        .try_into()
        .unwrap();
    assert!(event.contains(r"\xffevil") && event.is_ascii(), "{event}");

    let long = format!("https://{}", "x".repeat(8192));
    let [event] = events(tracing::Level::DEBUG, built(app_only()), get(&long))
        .try_into()
        .unwrap();
    assert!(event.len() < 512, "{event}");
}

/// A request of a page of the service itself.
fn of_own_page() -> Request<()> {
    let site = http::HeaderName::from_static("sec-fetch-site");
    request(
        Method::POST,
        &[(ORIGIN, "https://api.example.com"), (site, "same-origin")],
    )
}

#[test]
fn e9_own_pages_are_an_event_at_trace_and_no_rejection() {
    use tower_cors::Enforcement::{Block, Off, Report};

    for enforcement in [Off, Report, Block] {
        let policy = || built(app_only().enforce(enforcement));
        assert_eq!(
            events(tracing::Level::TRACE, policy(), of_own_page()),
            [
                r#"TRACE tower_cors kind="actual" origin=https://api.example.com method=POST decision="same-origin" reason="same-origin" enforcement="none""#
            ]
        );
        assert_eq!(
            events(tracing::Level::DEBUG, policy(), of_own_page()),
            [""; 0]
        );
    }
}

#[test]
fn d1_a_request_without_origin_is_logged_with_the_reason_of_its_rejection() {
    use tower_cors::Enforcement::{Block, Report};

    let site = http::HeaderName::from_static("sec-fetch-site");
    for (enforcement, done) in [(Report, "would-block"), (Block, "blocked")] {
        let image = request(Method::GET, &[(site.clone(), "cross-site")]);
        let policy = built(app_only().enforce(enforcement));
        assert_eq!(
            events(tracing::Level::DEBUG, policy, image),
            [format!(
                r#"DEBUG tower_cors kind="not-cors" origin= method=GET decision="rejected" reason="cross-site-request" enforcement="{done}""#
            )]
        );
        let rebound = request(Method::GET, &[(http::header::HOST, "evil.example")]);
        let policy = built(app_only().enforce(enforcement).local_hosts());
        assert_eq!(
            events(tracing::Level::DEBUG, policy, rebound),
            [format!(
                r#"DEBUG tower_cors kind="not-cors" origin= method=GET decision="rejected" reason="host-not-allowed" enforcement="{done}""#
            )]
        );
    }
}

#[cfg(feature = "cache")]
#[test]
fn h1_a_looked_up_policy_that_enforces_more_is_one_event_at_error_with_the_fix() {
    let policy = built(app_only().enforce(tower_cors::Enforcement::Block));
    let source = tower_cors::DynamicPolicies::new(move |_, _| {
        std::future::ready(Ok::<_, std::convert::Infallible>(Some(policy.clone())))
    });
    let [event] = events(tracing::Level::ERROR, source, get(APP))
        .try_into()
        .unwrap();
    assert!(
        event.contains("help: call `enforce` and `hosts` on `DynamicPolicies`"),
        "{event}"
    );
}

#[cfg(feature = "cache")]
#[test]
fn d1_a_lookup_that_fails_is_one_event_at_error_with_its_reason_escaped() {
    let source = tower_cors::DynamicPolicies::new(|_, _| {
        std::future::ready(Err::<Option<Policy>, _>("away\n"))
    })
    .scope(|_| "a tenant");
    assert_eq!(
        events(tracing::Level::ERROR, source, get(APP)),
        [
            r"ERROR tower_cors message=the lookup of a policy failed origin=https://app.example.com scope=a tenant error=away\n"
        ]
    );
}

#[cfg(feature = "cache")]
#[test]
fn d1_an_invalid_policy_of_a_lookup_is_reported_once_with_its_mistakes() {
    type Boxed = Box<dyn std::error::Error + Send + Sync>;
    for boxed in [false, true] {
        let invalid = |origin: &str| {
            Policy::builder()
                .allow_origins([origin])
                .allow_credentials(true)
                .allow_header("cookie")
                .build()
                .map(Some)
        };
        let source = if boxed {
            tower_cors::DynamicPolicies::new(move |origin, _| {
                std::future::ready(invalid(origin.as_str()).map_err(Boxed::from))
            })
        } else {
            tower_cors::DynamicPolicies::new(move |origin, _| {
                std::future::ready(invalid(origin.as_str()))
            })
        };
        let [event] = events(tracing::Level::ERROR, source.clone(), get("http://nas"))
            .try_into()
            .unwrap();
        assert!(
            event.contains("2 mistakes") && event.contains("cookie"),
            "{event}"
        );
        assert!(
            event.contains("dangerously_allow_insecure_origin"),
            "{event}"
        );
        for again in [0, 1] {
            let more = events(tracing::Level::ERROR, source.clone(), get("http://nas"));
            assert_eq!(more, [""; 0], "{again}");
        }
        // Another origin has mistakes of its own.
        assert_eq!(
            events(tracing::Level::ERROR, source, get(APP)).len(),
            1,
            "boxed: {boxed}"
        );
    }
}

/// A service with CORS headers of its own behind a layer.
fn behind_the_layer(level: tracing::Level, inner: &[(&'static str, &[u8])]) -> Vec<String> {
    let service = tower::service_fn(|_: Request<()>| {
        let mut response = http::Response::new(());
        for (name, value) in inner {
            let value = HeaderValue::from_bytes(value).unwrap();
            response.headers_mut().append(*name, value);
        }
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let mut service = tower_cors::Cors::new(service, built(app_only()));
    let events = Events::default();
    let filter = tracing_subscriber::filter::LevelFilter::from_level(level);
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(events.clone());
    let response = subscribed(subscriber, || {
        tower::Service::call(&mut service, get(EVIL)).now_or_never()
    });
    let response = response.expect("nothing waits").unwrap();
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    let taken = events.taken();
    let removed = taken
        .into_iter()
        .filter(|event| event.contains(" removed="));
    removed.collect()
}

#[test]
fn d3_cors_headers_that_are_removed_from_the_inner_response_are_one_event_with_their_values() {
    let inner: [(&str, &[u8]); 4] = [
        ("access-control-allow-origin", b"*"),
        ("access-control-allow-origin", b"https://\xffx"),
        ("x-other", b"1"),
        ("access-control-allow-methods", b"PUT"),
    ];
    assert_eq!(
        behind_the_layer(tracing::Level::DEBUG, &inner),
        [
            "DEBUG tower_cors message=the CORS headers of the inner service are removed, because this layer decides; \
             help: set them in one place, either there or in this layer \
             removed=access-control-allow-origin: *; access-control-allow-origin: https://\\xffx; \
             access-control-allow-methods: PUT"
        ]
    );
    assert_eq!(behind_the_layer(tracing::Level::INFO, &inner), [""; 0]);
    assert_eq!(
        behind_the_layer(tracing::Level::DEBUG, &inner[2..3]),
        [""; 0]
    );
}

#[test]
fn d3_what_is_removed_is_cut_in_the_event() {
    let long = [b'x'; 8192];
    let inner = [("access-control-allow-origin", long.as_slice()); 100];
    let [event] = behind_the_layer(tracing::Level::DEBUG, &inner)
        .try_into()
        .unwrap();
    assert!(event.len() < 16 * 512, "{}", event.len());
}

#[test]
fn d1_nothing_is_formatted_when_nobody_listens() {
    assert_eq!(
        events(tracing::Level::INFO, built(app_only()), get(EVIL)),
        [""; 0]
    );
}
