//! The presets, as the pages that they are made for see them.

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Method};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder, PolicyError};

use crate::support::{APP, EVIL, built, get, preflight, send, send_through};

#[track_caller]
fn assert_allowed(policy: &Policy, origin: &str, method: &str, headers: &str) {
    let asked = preflight(origin, method, headers);
    let explanation = policy.explain(&Method::OPTIONS, asked.headers());
    assert_eq!(explanation.code(), "allowed", "{explanation}");
}

#[test]
fn public_lets_everyone_read_without_credentials() {
    let policy = built(PolicyBuilder::public());
    assert_allowed(&policy, EVIL, "DELETE", "authorization,x-anything");
    let answer = send(policy, get(EVIL));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

#[test]
fn a_permissive_policy_is_what_public_builds() {
    let permissive = Policy::permissive();
    assert_eq!(
        format!("{permissive:?}"),
        format!("{:?}", built(PolicyBuilder::public()))
    );
    assert_allowed(&permissive, EVIL, "DELETE", "authorization,x-anything");
}

#[test]
fn a_permissive_layer_lets_everyone_read_without_credentials() {
    let answer = send_through(&CorsLayer::permissive(), &[], get(EVIL));
    assert!(answer.reached_the_service);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.vary(), [""; 0]);
}

#[test]
fn localhost_allows_pages_of_this_machine_with_credentials() {
    let policy = built(PolicyBuilder::localhost());
    for origin in [
        "http://localhost:3000",
        "http://localhost",
        "https://localhost:8443",
        "http://app.localhost:3000",
        "https://a.b.localhost",
        "http://127.0.0.1:5173",
        "http://[::1]:8080",
    ] {
        assert_allowed(&policy, origin, "PATCH", "authorization,x-a");
        let answer = send(policy.clone(), get(origin));
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true"),
            "{origin}"
        );
    }
    for origin in [
        "http://localhost.evil.com",
        "http://evil-localhost:3000",
        "http://localhost.:3000",
        "http://192.168.0.1",
        "http://127.0.0.2",
        "null",
        EVIL,
    ] {
        assert_eq!(
            send(policy.clone(), get(origin)).cors_headers(),
            [""; 0],
            "{origin}"
        );
    }
}

#[test]
fn grpc_web_allows_what_its_clients_send_and_read() {
    let policy = built(
        PolicyBuilder::grpc_web()
            .allow_origins([APP])
            .allow_headers([AUTHORIZATION]),
    );
    assert_allowed(
        &policy,
        APP,
        "POST",
        "authorization,content-type,grpc-timeout,x-grpc-web,x-user-agent",
    );
    let answer = send(policy.clone(), get(APP));
    let exposed = answer.header("access-control-expose-headers");
    assert_eq!(
        exposed,
        Some("grpc-status,grpc-message,grpc-status-details-bin")
    );
    assert_eq!(
        send(policy, preflight(APP, "POST", "")).header("access-control-max-age"),
        Some("7200")
    );
}

#[test]
fn connect_allows_what_its_clients_send() {
    let policy = built(PolicyBuilder::connect().allow_origins([APP]));
    assert_allowed(
        &policy,
        APP,
        "POST",
        "connect-protocol-version,connect-timeout-ms,content-type,x-user-agent",
    );
    assert_eq!(
        send(policy, preflight(APP, "GET", "")).header("access-control-allow-methods"),
        Some("GET,POST")
    );
}

#[test]
fn mcp_allows_what_clients_of_each_revision_send_and_read() {
    let policy = built(PolicyBuilder::mcp().allow_origins([APP]).local_hosts());
    // A preflight is answered before the target is known, so it names the host.
    let allowed = |method: &str, headers: &str| {
        let mut asked = preflight(APP, method, headers);
        let host = HeaderValue::from_static("localhost:8000");
        asked.headers_mut().insert(HOST, host);
        let explanation = policy.explain(&Method::OPTIONS, asked.headers());
        assert_eq!(explanation.code(), "allowed", "{explanation}");
        assert_eq!(send(policy.clone(), asked).status, 204);
    };
    for (revision, headers) in [
        (
            "2025-03-26",
            "authorization,content-type,last-event-id,mcp-session-id",
        ),
        (
            "2025-06-18",
            "authorization,content-type,last-event-id,mcp-protocol-version,mcp-session-id",
        ),
        (
            "2025-11-25",
            "authorization,content-type,last-event-id,mcp-protocol-version,mcp-session-id",
        ),
        (
            "2026-07-28",
            "authorization,content-type,mcp-method,mcp-name,mcp-param-region,mcp-protocol-version",
        ),
    ] {
        allowed("POST", headers);
        if revision < "2026-07-28" {
            allowed("GET", headers);
            allowed("DELETE", headers);
        }
    }
    let mut asked = get(APP);
    let host = HeaderValue::from_static("localhost:8000");
    asked.headers_mut().insert(HOST, host);
    assert_eq!(
        send(policy, asked).header("access-control-expose-headers"),
        Some("mcp-session-id,www-authenticate")
    );
}

#[test]
fn mcp_blocks_by_itself_and_does_not_build_without_hosts() {
    let policy = built(PolicyBuilder::mcp().allow_origins([APP]).local_hosts());
    assert_eq!(policy.enforcement(), Enforcement::Block);
    assert!(!policy.trusts_same_origin());
    let errors = PolicyBuilder::mcp()
        .allow_origins([APP])
        .build()
        .unwrap_err();
    assert_eq!(errors.iter().collect::<Vec<_>>(), [&PolicyError::NoHosts]);
    for words in [
        "`.local_hosts()`",
        "`.hosts([\"mcp.example.com\"])`",
        "DNS rebinding",
    ] {
        assert!(errors.to_string().contains(words), "{errors}");
    }
    let off = PolicyBuilder::mcp().allow_origins([APP]).local_hosts();
    let errors = off.enforce(Enforcement::Off).build().unwrap_err();
    let expected = [&PolicyError::HostsWithoutEnforcement];
    assert_eq!(errors.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn presets_for_services_say_no_origin() {
    for preset in [
        PolicyBuilder::grpc_web(),
        PolicyBuilder::connect(),
        PolicyBuilder::mcp(),
    ] {
        assert!(
            preset
                .build()
                .unwrap_err()
                .to_string()
                .contains("no origin is allowed")
        );
    }
}
