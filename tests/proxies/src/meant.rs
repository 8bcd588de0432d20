//! The policies, and what each is meant to say.

use std::convert::Infallible;
use std::future::ready;

use axum::http::header::{ETAG, HeaderName};
use http::Method;
use tower_cors::{
    CorsLayer, DynamicPolicies, Enforcement, Origin, PathPolicies, Policy, PolicyBuilder,
    PolicyHandle, Scope,
};

const APP: &str = "https://app.example.com";
const ADMIN: &str = "https://admin.example.com";
const TENANT: &str = "https://a.tenant.example.org";
const NULL: &str = "null";

/// What pages send, the last nothing: two that may be listed, one of a pattern, an opaque one, and look-alikes.
pub const ORIGINS: [Option<&str>; 9] = [
    Some(APP),
    Some(ADMIN),
    Some(TENANT),
    Some(NULL),
    Some("https://app.example.com.evil.example"),
    Some("https://app.example.com:8443"),
    Some("https://tenant.example.org"),
    Some("not an origin"),
    None,
];

/// What a response is meant to say to a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meant {
    /// Nothing of CORS.
    Nothing,
    /// That every page may read it.
    Any,
    /// That this page may read it, and whether also with credentials.
    This {
        /// `Access-Control-Allow-Credentials`.
        credentials: bool,
    },
}

/// A policy, under the path of its name, and what it is meant to say.
#[derive(Debug)]
pub struct Case {
    /// A path segment.
    pub name: &'static str,
    /// The layer over this path.
    pub layer: CorsLayer,
    /// What it is meant to say to a page of an origin.
    pub meant: fn(Option<&str>) -> Meant,
    /// Whether `ETag` is exposed to those who may read.
    pub exposes: bool,
}

fn policy(builder: PolicyBuilder) -> Policy {
    let builder = builder.allow_methods([Method::PUT]);
    builder.build().expect("no mistake")
}

fn listed(builder: PolicyBuilder) -> Policy {
    policy(builder.allow_origins([APP, ADMIN]))
}

fn allows(allowed: bool, credentials: bool) -> Meant {
    if allowed {
        Meant::This { credentials }
    } else {
        Meant::Nothing
    }
}

fn is_listed(origin: Option<&str>) -> bool {
    matches!(origin, Some(APP | ADMIN))
}

/// The whole matrix.
pub fn cases() -> Vec<Case> {
    let ours = || listed(Policy::builder().allow_credentials(true));
    let any = || policy(Policy::builder().allow_any_origin());
    let exposed: [HeaderName; 1] = [ETAG];
    let by_lookup = |origin: Origin, _: Scope| {
        let allowed = origin.as_str() == APP;
        ready(Ok::<_, Infallible>(
            allowed.then(|| policy(Policy::builder().allow_origins([APP]))),
        ))
    };
    let by_path = PathPolicies::new([
        ("/path/plain", listed(Policy::builder())),
        ("/path/{*rest}", any()),
    ]);
    let case = |name, layer, meant| Case {
        name,
        layer,
        meant,
        exposes: false,
    };
    vec![
        case(
            "listed",
            CorsLayer::new(listed(Policy::builder())),
            |origin| allows(is_listed(origin), false),
        ),
        Case {
            exposes: true,
            ..case(
                "credentials",
                CorsLayer::new(listed(
                    Policy::builder()
                        .allow_credentials(true)
                        .expose_headers(exposed),
                )),
                |origin| allows(is_listed(origin), true),
            )
        },
        case(
            "pattern",
            CorsLayer::new(policy(
                Policy::builder().allow_origins(["https://*.tenant.example.org"]),
            )),
            |origin| allows(origin == Some(TENANT), false),
        ),
        case(
            "predicate",
            CorsLayer::new(policy(
                Policy::builder().allow_origins_where(|origin| origin.as_str() == ADMIN),
            )),
            |origin| allows(origin == Some(ADMIN), false),
        ),
        case(
            "null",
            CorsLayer::new(listed(Policy::builder().allow_null_origin(true))),
            |origin| allows(is_listed(origin) || origin == Some(NULL), false),
        ),
        case("any", CorsLayer::new(any()), |_| Meant::Any),
        case(
            "first-of",
            CorsLayer::new([ours(), any()]),
            |origin| match origin {
                Some(APP | ADMIN) => Meant::This { credentials: true },
                Some(_) => Meant::Any,
                None => Meant::Nothing,
            },
        ),
        case(
            "handle",
            CorsLayer::new(PolicyHandle::new(ours())),
            |origin| allows(is_listed(origin), true),
        ),
        case(
            "lookup",
            CorsLayer::new(DynamicPolicies::new(by_lookup)),
            |origin| allows(origin == Some(APP), false),
        ),
        case(
            "block",
            CorsLayer::new(ours()).enforce(Enforcement::Block),
            |origin| allows(is_listed(origin), true),
        ),
        case(
            "path",
            CorsLayer::new(by_path.expect("no mistake")),
            // Asked for `/path/plain` alone.
            |origin| allows(is_listed(origin), false),
        ),
    ]
}
