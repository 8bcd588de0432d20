//! Random services and random pages: what a page gets is what the policies intend, and nothing more is granted.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderName, Request, Response};
use proptest::prelude::*;
use tower::{Layer, service_fn};
use tower_cors::testing::{Browser, Credentials, Exchange, Fetch, Profile, findings};
use tower_cors::{CorsLayer, Enforcement, Policy};

use crate::intended::{Asked, SAID, Service, asked, service};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_gets_what_the_policies_intend_and_nothing_else(service in service(), asked in asked()) {
        for profile in [Profile::standard(), Profile::chromium(), Profile::firefox(), Profile::webkit()] {
            check(&service, &asked, &profile);
        }
    }
}

fn check(service: &Service, asked: &Asked, profile: &Profile) {
    let rules = service.rules_for(asked);
    let is_allowed = rules.is_some_and(|rules| asked.is_allowed_by(rules, profile));
    let reaches = is_allowed || !asked.needs_preflight() && (rules.is_some() || !service.blocks);

    let calls = Cell::new(0);
    let inner = service_fn(|request: Request<()>| {
        assert_eq!(request.uri().path(), asked.path);
        calls.set(calls.get() + 1);
        let response = SAID
            .into_iter()
            .fold(Response::builder(), |response, name| {
                response.header(name, "said")
            })
            .header(VARY, "Accept-Encoding");
        ready(Ok::<_, Infallible>(response.body(()).expect("a response")))
    });
    let enforcement = if service.blocks {
        Enforcement::Block
    } else {
        Enforcement::Off
    };
    let mut layered = CorsLayer::new(service.source())
        .enforce(enforcement)
        .layer(inner);
    let mut page = asked
        .page
        .map_or_else(Browser::opaque, Browser::at)
        .like(profile.clone());
    // Browsers that are told nothing take 5 seconds.
    let lifetime = rules.and_then(|rules| rules.max_age).unwrap_or(5);
    // At once, when the preflight's answer is as old as it may get, and when it is too old.
    for (time, is_known) in [
        (0, false),
        (lifetime.saturating_sub(1), lifetime > 0),
        (1, false),
    ] {
        calls.set(0);
        page.advance(Duration::from_secs(time));
        let outcome = page
            .fetch(&mut layered, fetch(asked))
            .now_or_never()
            .expect("nothing waits");
        assert_eq!(outcome.response().is_some(), is_allowed, "{outcome}");
        assert_eq!(
            calls.get(),
            usize::from(reaches),
            "calls of the service\n{outcome}"
        );
        if let (Some(response), Some(rules)) = (outcome.response(), rules) {
            let read = SAID
                .into_iter()
                .filter(|name| response.headers().contains_key(*name));
            let exposed = SAID.into_iter().filter(|name| rules.expose(name));
            assert!(read.eq(exposed), "what the page can read\n{outcome}");
        }
        // Where engines keep answers otherwise than the standard, that is theirs.
        if *profile == Profile::standard() && !asked.upload_listener {
            let asks = asked.needs_preflight() && !(is_known && is_allowed);
            assert_eq!(
                outcome.preflight().is_some(),
                asks,
                "asked after {time} s more\n{outcome}"
            );
        }
        for exchange in outcome.exchanges() {
            check_answer(service, asked, exchange);
        }
    }
}

fn fetch(asked: &Asked) -> Fetch<()> {
    let url = format!("https://api.example.com{}", asked.path);
    let mut request = Request::builder().method(asked.method).uri(url);
    for name in &asked.headers {
        request = request.header(*name, "application/json");
    }
    let credentials = if asked.credentials {
        Credentials::Include
    } else {
        Credentials::Omit
    };
    let fetch = Fetch::from(request.body(())).credentials(credentials);
    if asked.upload_listener {
        fetch.upload_listener()
    } else {
        fetch
    }
}

/// What must be true of an answer, whatever a browser makes of it.
fn check_answer(service: &Service, asked: &Asked, exchange: &Exchange) {
    let rules = service.rules_for(asked);
    let (is_preflight, headers) = (
        exchange.is_preflight(),
        exchange.response_headers().expect("an answer"),
    );
    let said = format!("{service:?}\n{exchange}");
    let one = |name: HeaderName| {
        let lines: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|line| line.to_str().expect("ASCII"))
            .collect();
        assert!(lines.len() <= 1, "a line too many\n{said}");
        lines.first().copied()
    };
    let origin = exchange.request_headers()[ORIGIN]
        .to_str()
        .expect("an origin");
    assert_eq!(
        one(ACCESS_CONTROL_ALLOW_ORIGIN),
        rules.map(|rules| if rules.allow_any_origin() {
            "*"
        } else {
            origin
        }),
        "{said}"
    );
    assert_eq!(
        one(ACCESS_CONTROL_ALLOW_CREDENTIALS),
        rules.and_then(|rules| rules.credentials.then_some("true")),
        "{said}"
    );
    assert_eq!(
        one(ACCESS_CONTROL_MAX_AGE),
        rules
            .and_then(|rules| rules.max_age)
            .filter(|_| is_preflight)
            .map(|seconds| seconds.to_string())
            .as_deref(),
        "{said}"
    );
    for name in [
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        for token in one(name)
            .into_iter()
            .flat_map(|names| names.split(','))
            .map(str::trim)
        {
            assert!(is_token(token), "`{token}` is no token\n{said}");
            assert!(
                rules.is_some_and(|rules| token != "*" || !rules.credentials),
                "`{token}`\n{said}"
            );
        }
    }
    assert_eq!(
        vary(headers),
        intended_vary(service, asked, exchange),
        "{said}"
    );
}

fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// What an answer depends on, in lower case and sorted.
fn intended_vary(service: &Service, asked: &Asked, exchange: &Exchange) -> Vec<String> {
    let rules = service.rules_for(asked);
    let is_answered_here = exchange.is_preflight() || rules.is_none() && service.blocks;
    let mirrors = rules.filter(|rules| rules.credentials && exchange.is_preflight());
    let is_same_for_all = match service.at(asked.path) {
        None => !is_answered_here,
        Some([only]) => only.allow_any_origin(),
        Some(_) => false,
    };
    [
        (!is_answered_here, "accept-encoding"),
        (
            mirrors.is_some_and(|rules| rules.headers.is_none()),
            "access-control-request-headers",
        ),
        (
            mirrors.is_some_and(|rules| rules.methods.is_none()),
            "access-control-request-method",
        ),
        (!is_same_for_all, "origin"),
    ]
    .into_iter()
    .filter(|(depends, _)| *depends)
    .map(|(_, name)| name.to_owned())
    .collect()
}

fn vary(headers: &HeaderMap) -> Vec<String> {
    let lines = headers
        .get_all(VARY)
        .iter()
        .map(|line| line.to_str().expect("ASCII"));
    let mut names: Vec<String> = lines
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    names.sort();
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_granted_that_the_policy_does_not_say(
        hosts in prop::collection::btree_set("(\\*\\.)?[a-z][a-z0-9]{0,3}(-[a-z])?\\.[a-z]{2,6}\\.(com|example|co\\.uk)(:[1-9][0-9]{1,3})?", 1..4),
        credentials in any::<bool>(),
    ) {
        let origins: BTreeSet<String> = hosts
            .iter()
            .filter(|host| !host.ends_with(":443"))
            .map(|host| format!("https://{host}"))
            .collect();
        prop_assume!(!origins.is_empty());
        let policy = Policy::builder()
            .allow_origins(&origins)
            .allow_methods(["PUT"])
            .allow_credentials(credentials)
            .build();
        let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
        let mut service = CorsLayer::new(policy.expect("no mistake")).layer(inner);
        let request = Request::put("https://api.example.com/").body(());
        let found = findings(&mut service, request, &origins).now_or_never().expect("nothing waits");
        prop_assert!(found.is_empty(), "{origins:?}: {}", found[0]);
    }
}
