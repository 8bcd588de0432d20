//! Random policies of this layer, and random pages: what a page gets is what the policy says, and nothing more is granted.

use std::collections::BTreeSet;
use std::convert::Infallible;

use futures_util::FutureExt;
use http::{HeaderName, Method, Request, Response};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tower::{Layer, service_fn};
use tower_cors::testing::{Browser, Credentials, Deviation, Fetch, Profile, findings};
use tower_cors::{CorsLayer, Policy};

const ORIGINS: [&str; 5] = [
    "https://app.example.com",
    "https://shop.example.org:8443",
    "https://*.example.net",
    "https://*.dev.example.com:*",
    "http://localhost:*",
];
const PAGES: [&str; 10] = [
    "https://app.example.com",
    "https://shop.example.org:8443",
    "https://shop.example.org",
    "https://a.example.net",
    "https://a.b.example.net",
    "https://example.net",
    "https://a.dev.example.com:1234",
    "http://localhost:3000",
    "http://localhost",
    "https://evil.example",
];
const METHODS: [&str; 5] = ["PUT", "DELETE", "PATCH", "OPTIONS", "CHICKEN"];
const HEADERS: [&str; 5] = ["authorization", "content-type", "x-a", "x-b", "x-c"];

#[derive(Clone, Debug)]
struct Rules {
    /// None for any.
    origins: Option<Vec<&'static str>>,
    null: bool,
    methods: Option<Vec<&'static str>>,
    headers: Option<Vec<&'static str>>,
    credentials: bool,
}

/// Rules that a policy can have.
fn rules() -> impl Strategy<Value = Rules> {
    let methods =
        || prop_oneof![3 => subsequence(&METHODS[..], 0..=5).prop_map(Some), 1 => Just(None)];
    let headers =
        || prop_oneof![3 => subsequence(&HEADERS[..], 0..=5).prop_map(Some), 1 => Just(None)];
    let origins =
        prop_oneof![4 => subsequence(&ORIGINS[..], 1..=5).prop_map(Some), 1 => Just(None)];
    (origins, any::<bool>(), methods(), headers(), any::<bool>()).prop_map(
        |(origins, null, methods, headers, credentials)| {
            let null = null && origins.is_some();
            let credentials = credentials && origins.is_some() && !null;
            Rules {
                origins,
                null,
                methods,
                headers,
                credentials,
            }
        },
    )
}

fn policy(rules: &Rules) -> Policy {
    let builder = match &rules.origins {
        Some(origins) => Policy::builder().allow_origins(origins),
        None => Policy::builder().allow_any_origin(),
    };
    let builder = match &rules.methods {
        Some(methods) => builder.allow_methods(
            methods
                .iter()
                .map(|name| Method::from_bytes(name.as_bytes()).unwrap()),
        ),
        None => builder.allow_any_method(),
    };
    let builder = match &rules.headers {
        Some(headers) => {
            builder.allow_headers(headers.iter().map(|name| HeaderName::from_static(name)))
        }
        None => builder.allow_any_header(),
    };
    builder
        .allow_null_origin(rules.null)
        .allow_credentials(rules.credentials)
        .build()
        .expect("no mistake")
}

/// A page's request; the page is opaque if it has no URL.
#[derive(Clone, Debug)]
struct Asked {
    page: Option<&'static str>,
    method: &'static str,
    headers: Vec<&'static str>,
    credentials: bool,
    upload_listener: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let page = prop_oneof![9 => select(&PAGES[..]).prop_map(Some), 1 => Just(None)];
    let method = select(
        &[
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CHICKEN", "put", "patch",
        ][..],
    );
    (
        page,
        method,
        subsequence(&HEADERS[..], 0..=2),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |(page, method, headers, credentials, upload_listener)| Asked {
                page,
                method,
                headers,
                credentials,
                upload_listener,
            },
        )
}

/// What the rules mean, written out.
fn is_meant(rules: &Rules, asked: &Asked, profile: &Profile) -> bool {
    let is_origin = match (&rules.origins, asked.page) {
        (None, _) => true,
        (Some(_), None) => rules.null,
        (Some(origins), Some(page)) => origins.iter().any(|origin| match *origin {
            "https://*.example.net" => {
                page.starts_with("https://") && page.ends_with(".example.net")
            }
            "https://*.dev.example.com:*" => page.contains(".dev.example.com"),
            "http://localhost:*" => page.starts_with("http://localhost"),
            origin => origin == page,
        }),
    };
    let method = if asked.method == "put" {
        "PUT"
    } else {
        asked.method
    };
    let is_method = ["GET", "HEAD", "POST"].contains(&method)
        || rules
            .methods
            .as_ref()
            .is_none_or(|methods| methods.contains(&method));
    // By the standard, who lists no methods at all allows that of an upload that is listened to:
    // https://fetch.spec.whatwg.org/#cors-preflight-fetch, the step on methods that are null.
    let is_unlisted_upload = asked.upload_listener
        && rules.methods.as_ref().is_some_and(Vec::is_empty)
        && !profile.has(Deviation::UploadMethodsMustBeListed);
    let is_header = |name: &&str| {
        rules
            .headers
            .as_ref()
            .is_none_or(|headers| headers.contains(name))
    };
    is_origin
        && (is_method || is_unlisted_upload)
        && asked.headers.iter().all(is_header)
        && (!asked.credentials || rules.credentials)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_page_reads_what_the_policy_allows_and_nothing_else(rules in rules(), asked in asked()) {
        let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
        let mut service = CorsLayer::new(policy(&rules)).layer(inner);
        let page = asked.page.map_or_else(Browser::opaque, Browser::at);
        let request = || {
            let mut request = Request::builder().method(asked.method).uri("https://api.example.com/");
            for name in &asked.headers {
                request = request.header(*name, "application/json");
            }
            let credentials = if asked.credentials { Credentials::Include } else { Credentials::Omit };
            let fetch = Fetch::from(request.body(())).credentials(credentials);
            if asked.upload_listener { fetch.upload_listener() } else { fetch }
        };
        for profile in [Profile::standard(), Profile::chromium(), Profile::firefox(), Profile::webkit()] {
            let mut page = page.clone().like(profile.clone());
            // Twice, for the preflight cache changes nothing.
            for _ in 0..2 {
                let outcome = page.fetch(&mut service, request()).now_or_never().expect("nothing waits");
                prop_assert_eq!(outcome.response().is_some(), is_meant(&rules, &asked, &profile), "{}", outcome);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

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
        let policy = Policy::builder().allow_origins(&origins).allow_credentials(credentials).build();
        let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
        let mut service = CorsLayer::new(policy.expect("no mistake")).layer(inner);
        let request = Request::put("https://api.example.com/").body(());
        let found = findings(&mut service, request, &origins).now_or_never().expect("nothing waits");
        prop_assert!(found.is_empty(), "{origins:?}: {}", found[0]);
    }
}
