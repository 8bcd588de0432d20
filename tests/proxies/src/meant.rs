//! The services, and what each is meant to grant: said in plain words, and found by comparing texts without the crate.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use http::{HeaderName, Method, header};
use tower_cors::{
    CorsLayer, DynamicPolicies, Enforcement, Origin, PathPolicies, Policy, PolicyBuilder,
    PolicyHandle,
};

use crate::pages::{APP, SHOP};

/// What a page of an allowed origin is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grant {
    /// `*`.
    ToAll,
    /// Its own origin.
    ToOne,
    /// Its own origin, with credentials, `ETag` exposed, and timing.
    WithCredentials,
}

/// A service and its intent.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The first segment of its paths.
    pub name: &'static str,
    /// Its layer.
    pub layer: fn() -> CorsLayer,
    /// What a request with these lines of `Origin` is granted.
    pub grant: fn(&[&str]) -> Option<Grant>,
    /// Whether requests of rejected origins are stopped.
    pub blocks: bool,
    /// What its preflights allow.
    pub preflight: Allowed,
    /// Whether preflights of a retired kind are answered.
    pub private_network: bool,
}

/// What a preflight's answer names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allowed {
    /// PUT, and `X-One`.
    Listed,
    /// What is asked for.
    Asked,
    /// None: there is no list.
    Nothing,
}

const PLAIN: Service = Service {
    name: "",
    layer: || CorsLayer::new(built(Policy::builder().allow_origins([APP, SHOP]))),
    grant: |lines| one_of(lines, &[APP, SHOP]).then_some(Grant::ToOne),
    blocks: false,
    preflight: Allowed::Listed,
    private_network: false,
};

/// Every kind of policy and source.
pub const SERVICES: [Service; 19] = [
    Service {
        name: "listed",
        ..PLAIN
    },
    Service {
        name: "credentials",
        layer: || CorsLayer::new(built(with_credentials())),
        grant: |lines| one_of(lines, &[APP, SHOP]).then_some(Grant::WithCredentials),
        ..PLAIN
    },
    Service {
        name: "pattern",
        layer: || {
            CorsLayer::new(built(
                Policy::builder().allow_origins(["https://*.tenant.example"]),
            ))
        },
        grant: |lines| is_tenant(lines).then_some(Grant::ToOne),
        ..PLAIN
    },
    Service {
        name: "predicate",
        layer: || CorsLayer::new(built(asked())),
        ..of_tenants()
    },
    Service {
        name: "cached-predicate",
        layer: || CorsLayer::new(DynamicPolicies::cached(built(asked()))),
        ..of_tenants()
    },
    Service {
        name: "null",
        layer: || {
            CorsLayer::new(built(
                Policy::builder()
                    .allow_origins([APP])
                    .allow_null_origin(true),
            ))
        },
        grant: |lines| one_of(lines, &[APP, "null"]).then_some(Grant::ToOne),
        ..PLAIN
    },
    Service {
        name: "any",
        layer: || CorsLayer::new(built(Policy::builder().allow_any_origin())),
        grant: |_| Some(Grant::ToAll),
        ..PLAIN
    },
    Service {
        name: "mirrored",
        layer: || {
            CorsLayer::new(built_as_is(
                with_credentials().allow_any_method().allow_any_header(),
            ))
        },
        grant: |lines| one_of(lines, &[APP, SHOP]).then_some(Grant::WithCredentials),
        preflight: Allowed::Asked,
        ..PLAIN
    },
    Service {
        name: "ours-and-everyone",
        layer: || {
            let everyone = built(Policy::builder().allow_any_origin());
            CorsLayer::new([built(with_credentials()), everyone])
        },
        grant: |lines| match lines {
            [] => None,
            _ if one_of(lines, &[APP, SHOP]) => Some(Grant::WithCredentials),
            _ => Some(Grant::ToAll),
        },
        ..PLAIN
    },
    Service {
        name: "two-lists",
        layer: || {
            let app = with_credentials_for(&[APP]);
            CorsLayer::new([built(app), built(Policy::builder().allow_origins([SHOP]))])
        },
        grant: |lines| match lines {
            [APP] => Some(Grant::WithCredentials),
            [SHOP] => Some(Grant::ToOne),
            _ => None,
        },
        ..PLAIN
    },
    Service {
        name: "handle",
        layer: || {
            let handle = PolicyHandle::new(built(Policy::builder().allow_any_origin()));
            handle.replace(built(Policy::builder().allow_origins([APP, SHOP])));
            CorsLayer::new(handle)
        },
        ..PLAIN
    },
    Service {
        name: "path-listed",
        layer: || CorsLayer::new(paths()),
        ..PLAIN
    },
    Service {
        name: "path-any",
        layer: || CorsLayer::new(paths()),
        grant: |_| Some(Grant::ToAll),
        ..PLAIN
    },
    Service {
        name: "path-none",
        layer: || CorsLayer::new(paths()),
        grant: |_| None,
        ..PLAIN
    },
    Service {
        name: "dynamic",
        layer: || CorsLayer::new(looked_up()),
        grant: |lines| match lines {
            [SHOP] => Some(Grant::WithCredentials),
            _ => (one_of(lines, &[APP]) || is_tenant(lines)).then_some(Grant::ToOne),
        },
        ..PLAIN
    },
    Service {
        name: "blocked",
        layer: || (PLAIN.layer)().enforce(Enforcement::Block),
        blocks: true,
        ..PLAIN
    },
    Service {
        name: "blocked-dynamic",
        layer: || CorsLayer::new(looked_up()).enforce(Enforcement::Block),
        grant: |lines| match lines {
            [SHOP] => Some(Grant::WithCredentials),
            _ => (one_of(lines, &[APP]) || is_tenant(lines)).then_some(Grant::ToOne),
        },
        blocks: true,
        ..PLAIN
    },
    Service {
        name: "private-network",
        layer: || CorsLayer::new(built(with_credentials().allow_private_network(true))),
        grant: |lines| one_of(lines, &[APP, SHOP]).then_some(Grant::WithCredentials),
        private_network: true,
        ..PLAIN
    },
    Service {
        name: "any-private-network",
        layer: || {
            let any = Policy::builder()
                .allow_any_origin()
                .allow_private_network(true);
            CorsLayer::new(built_as_is(any)).explain_in_response(true)
        },
        grant: |_| Some(Grant::ToAll),
        preflight: Allowed::Nothing,
        private_network: true,
        ..PLAIN
    },
];

const fn of_tenants() -> Service {
    Service {
        grant: |lines| is_tenant(lines).then_some(Grant::ToOne),
        ..PLAIN
    }
}

fn one_of(lines: &[&str], origins: &[&str]) -> bool {
    matches!(lines, [line] if origins.contains(line))
}

fn is_tenant(lines: &[&str]) -> bool {
    one_of(
        lines,
        &["https://a.tenant.example", "https://b.tenant.example"],
    )
}

fn built(builder: PolicyBuilder) -> Policy {
    let one = HeaderName::from_static("x-one");
    built_as_is(builder.allow_methods([Method::PUT]).allow_headers([one]))
}

fn built_as_is(builder: PolicyBuilder) -> Policy {
    builder
        .max_age(Duration::from_secs(600))
        .build()
        .expect("no mistake")
}

fn with_credentials() -> PolicyBuilder {
    with_credentials_for(&[APP, SHOP])
}

fn with_credentials_for(origins: &[&str]) -> PolicyBuilder {
    Policy::builder()
        .allow_origins(origins)
        .allow_credentials(true)
        .allow_timing(true)
        .expose_headers([header::ETAG])
}

fn asked() -> PolicyBuilder {
    let is_tenant = |origin: &Origin| {
        origin
            .host()
            .is_some_and(|host| host.ends_with(".tenant.example"))
    };
    Policy::builder().allow_origins_where(is_tenant)
}

fn paths() -> PathPolicies {
    let listed = built(Policy::builder().allow_origins([APP, SHOP]));
    let any = built(Policy::builder().allow_any_origin());
    PathPolicies::new([("/path-listed/{*rest}", listed), ("/path-any/{*rest}", any)])
        .expect("no mistake")
}

fn looked_up() -> DynamicPolicies {
    DynamicPolicies::new(|origin, _| {
        let policy = match origin.as_str() {
            SHOP => Some(built(with_credentials_for(&[SHOP]))),
            APP => Some(built(Policy::builder().allow_origins([APP]))),
            _ => Some(built(
                Policy::builder().allow_origins(["https://*.tenant.example"]),
            )),
        };
        ready(Ok::<_, Infallible>(policy))
    })
    .scope(|head| head.host().unwrap_or_default())
}
