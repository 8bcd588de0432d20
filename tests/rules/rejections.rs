//! The stable code and the sentence of each rejection.

use tower_cors::Rejection;

#[test]
fn d1_every_rejection_has_a_stable_code_and_a_sentence() {
    for (rejection, code) in [
        (Rejection::OriginNotAllowed, "origin-not-allowed"),
        (Rejection::NullOriginNotAllowed, "null-origin-not-allowed"),
        (Rejection::FileOriginNotAllowed, "file-origin-not-allowed"),
        (Rejection::OriginMalformed, "origin-malformed"),
        (Rejection::OriginRepeated, "origin-repeated"),
        (Rejection::HostNotAllowed, "host-not-allowed"),
        (Rejection::HostMalformed, "host-malformed"),
        (Rejection::CrossSiteRequest, "cross-site-request"),
        (
            Rejection::WebSocketWithoutOrigin,
            "websocket-without-origin",
        ),
        (Rejection::ReadOnly, "read-only"),
        (Rejection::PathNotEnabled, "path-not-enabled"),
        (Rejection::LookupFailed, "lookup-failed"),
        (Rejection::NoSnapshot, "no-snapshot"),
        (Rejection::PredicatePanicked, "predicate-panicked"),
        (
            Rejection::InsecureOriginNotAllowed,
            "insecure-origin-not-allowed",
        ),
        (
            Rejection::PredicateAcceptsStrangers,
            "predicate-accepts-strangers",
        ),
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
