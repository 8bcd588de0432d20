//! The response header that reports the decision to a developer.

use http::Method;
use tower_cors::CorsLayer;

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send, send_through};

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
    let public =
        CorsLayer::new(built(tower_cors::PolicyBuilder::public())).explain_in_response(true);
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
