//! D1 and D2: what is told of a decision.

use http::Method;
use tower_cors::{CorsLayer, PolicyBuilder, Rejection};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send, send_through};

#[test]
fn d1_every_rejection_has_a_stable_code_and_a_sentence() {
    for (rejection, code) in [
        (Rejection::OriginNotAllowed, "origin-not-allowed"),
        (Rejection::NullOriginNotAllowed, "null-origin-not-allowed"),
        (Rejection::OriginMalformed, "origin-malformed"),
        (Rejection::OriginRepeated, "origin-repeated"),
        (Rejection::PathNotEnabled, "path-not-enabled"),
        (Rejection::LookupFailed, "lookup-failed"),
        (Rejection::PredicatePanicked, "predicate-panicked"),
        (Rejection::MethodNotAllowed, "method-not-allowed"),
        (Rejection::HeaderNotAllowed, "header-not-allowed"),
        (
            Rejection::RequestMethodMalformed,
            "request-method-malformed",
        ),
        (
            Rejection::RequestHeadersMalformed,
            "request-headers-malformed",
        ),
        (Rejection::RequestHeadersTooLong, "request-headers-too-long"),
    ] {
        assert_eq!(rejection.code(), code);
        assert!(rejection.to_string().contains(' '));
    }
}

#[test]
fn d2_the_decision_stands_in_the_response_where_a_developer_asked_for_it() {
    let layer = CorsLayer::new(built(app_only())).explain_in_response(true);
    for (request, note) in [
        (get(APP), "allowed"),
        (get(EVIL), "rejected; origin-not-allowed"),
        (get("nonsense"), "rejected; origin-malformed"),
        (request(Method::GET, &[]), "not-cors"),
        (preflight(APP, "POST", ""), "allowed"),
        (preflight(APP, "PUT", ""), "rejected; method-not-allowed"),
        (
            preflight(APP, "POST", "x-token"),
            "rejected; header-not-allowed",
        ),
        (preflight(EVIL, "PUT", ""), "rejected; origin-not-allowed"),
    ] {
        let answer = send_through(&layer, &[], request);
        assert_eq!(answer.header("x-cors-decision"), Some(note));
    }
    let public = CorsLayer::new(built(PolicyBuilder::public())).explain_in_response(true);
    assert_eq!(
        send_through(&public, &[], request(Method::GET, &[])).header("x-cors-decision"),
        Some("not-cors")
    );
    assert_eq!(
        send_through(&public, &[], get(EVIL)).header("x-cors-decision"),
        Some("allowed")
    );
}

#[test]
fn d2_is_off_by_default_and_can_be_turned_off() {
    assert_eq!(
        send(built(app_only()), get(APP)).header("x-cors-decision"),
        None
    );
    let layer = CorsLayer::new(built(app_only())).explain_in_response(true);
    let quiet = layer.clone().explain_in_response(false);
    assert_eq!(
        send_through(&quiet, &[], get(APP)).header("x-cors-decision"),
        None
    );
    assert!(
        send_through(&layer, &[], get(APP))
            .header("x-cors-decision")
            .is_some(),
        "a clone changes on its own"
    );
}

#[test]
fn d2_the_outer_layers_note_stands() {
    let layer = CorsLayer::new(built(app_only())).explain_in_response(true);
    let answer = send_through(&layer, &[("x-cors-decision", "from within")], get(APP));
    assert_eq!(answer.header("x-cors-decision"), Some("allowed"));
    let quiet = layer.explain_in_response(false);
    let answer = send_through(&quiet, &[("x-cors-decision", "from within")], get(EVIL));
    assert_eq!(answer.header("x-cors-decision"), None);
}

#[cfg(feature = "tracing")]
pub(crate) mod events {
    use std::sync::{Arc, Mutex};

    use http::header::ORIGIN;
    use http::{HeaderValue, Request};
    use tower_cors::PolicySource;
    use tracing_subscriber::layer::{Context, SubscriberExt};

    use super::*;

    /// An event as `LEVEL target field=value …`.
    #[derive(Clone, Default)]
    pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

    impl Events {
        /// The events so far, which are forgotten.
        pub(crate) fn taken(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Events {
        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
            struct Fields(String);
            impl tracing::field::Visit for Fields {
                fn record_debug(
                    &mut self,
                    field: &tracing::field::Field,
                    value: &dyn std::fmt::Debug,
                ) {
                    self.0 += &format!(" {}={value:?}", field.name());
                }
            }
            let metadata = event.metadata();
            let mut fields = Fields(format!("{} {}", metadata.level(), metadata.target()));
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
        }
    }

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
        tracing::subscriber::with_default(subscriber, || send(source, request));
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
            let copy = super::request(request.method().clone(), &[]);
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

    #[cfg(feature = "cache")]
    #[test]
    fn d1_a_lookup_that_fails_is_one_event_at_error_with_its_reason_escaped() {
        let source = tower_cors::DynamicPolicies::new(|_, _| {
            std::future::ready(Err::<Option<tower_cors::Policy>, _>("away\n"))
        })
        .scope(|_| "a tenant");
        assert_eq!(
            events(tracing::Level::ERROR, source, get(APP)),
            [
                r"ERROR tower_cors message=the lookup of a policy failed origin=https://app.example.com scope=a tenant error=away\n"
            ]
        );
    }

    #[test]
    fn d1_nothing_is_formatted_when_nobody_listens() {
        assert_eq!(
            events(tracing::Level::INFO, built(app_only()), get(EVIL)),
            [""; 0]
        );
    }
}
