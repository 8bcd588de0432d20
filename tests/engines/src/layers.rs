//! Layers that are configured from a description.

use axum::Router;
use http::{HeaderName, Method};
use tower_cors::{
    CorsLayer, DynamicPolicies, Origin, Policy, PolicyBuilder, PolicyList, PolicySource, Scope,
};
use tower_http::cors as tower_http;

use crate::description::{Described, Description, Names, Origins, Scheme, Told};
use crate::hand_written::{self, Mistake};

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layers {
    /// The layer of this crate.
    TowerCors,
    /// The layer of tower-http.
    TowerHttp,
    /// A layer of a few lines, right or with a mistake.
    HandWritten(Option<Mistake>),
}

impl Layers {
    /// The routes behind the layer that the description asks for.
    pub fn around(self, service: &Described, routes: Router) -> Router {
        match self {
            Self::TowerCors => routes.layer(CorsLayer::new(source(service))),
            Self::TowerHttp => routes.layer(layer_of_tower_http(service)),
            Self::HandWritten(mistake) => {
                hand_written::around(only_policy(service), service.scheme, mistake, routes)
            }
        }
    }
}

/// # Panics
///
/// Where there are several, which only the layer of this crate knows.
fn only_policy(service: &Described) -> Description {
    match service.policies {
        [description] => *description,
        _ => panic!("not one policy: {service:?}"),
    }
}

fn source(service: &Described) -> PolicySource {
    let policies: Vec<Policy> = service
        .policies
        .iter()
        .map(|description| policy(description, service))
        .collect();
    match (service.told, &*policies) {
        (Told::ByLookup, [policy]) => {
            let policy = policy.clone();
            let look_up = move |_: Origin, _: Scope| {
                std::future::ready(Ok::<_, String>(Some(policy.clone())))
            };
            DynamicPolicies::new(look_up).into()
        }
        (_, [policy]) => policy.clone().into(),
        _ => PolicyList::try_from(policies)
            .expect("at least one policy")
            .into(),
    }
}

fn policy(description: &Description, service: &Described) -> Policy {
    let scheme = service.scheme;
    let mut policy = Policy::builder().allow_credentials(description.credentials);
    policy = match service.told {
        Told::ByPredicate => {
            policy.allow_origins_where(move |origin| is_below_shop(origin, scheme))
        }
        Told::Listed | Told::ByLookup => {
            let add = |policy, origins| add_origins(policy, origins, scheme);
            description.origins.iter().copied().fold(policy, add)
        }
    };
    let is_insecure = |origins: &Origins| match origins {
        Origins::OtherScheme(_) => scheme == Scheme::Https,
        _ => scheme == Scheme::Http,
    };
    if description.origins.iter().any(is_insecure) {
        policy = policy.dangerously_allow_insecure_origins();
    }
    policy = match description.methods {
        Names::Listed(names) => policy.allow_methods(names.iter().map(|name| method(name))),
        Names::Every => policy.allow_any_method(),
    };
    policy = match description.headers {
        Names::Listed(names) => policy.allow_headers(names.iter().map(|name| header(name))),
        Names::Every => policy.allow_any_header(),
    };
    policy = match description.exposed {
        Names::Listed(names) => policy.expose_headers(names.iter().map(|name| header(name))),
        Names::Every => policy.expose_any_header(),
    };
    policy.build().expect("the description has no mistake")
}

fn add_origins(policy: PolicyBuilder, origins: Origins, scheme: Scheme) -> PolicyBuilder {
    let (scheme, other) = (scheme.name(), scheme.other().name());
    match origins {
        Origins::Exactly(host) => policy.allow_origin(format!("{scheme}://{host}")),
        Origins::OtherScheme(host) => policy.allow_origin(format!("{other}://{host}")),
        Origins::Below(domain) => policy.allow_origin(format!("{scheme}://*.{domain}")),
        Origins::EveryPortOf(host) => policy.allow_origin(format!("{scheme}://{host}:*")),
        Origins::Opaque => policy.allow_null_origin(true),
        Origins::Every => policy.allow_any_origin(),
    }
}

/// What `Origins::Below("shop.test")` means, as a user would write it.
fn is_below_shop(origin: &Origin, scheme: Scheme) -> bool {
    let is_below = origin
        .host()
        .is_some_and(|host| host.ends_with(".shop.test"));
    is_below && origin.scheme() == Some(scheme.name()) && origin.port().is_none()
}

/// As its documentation has it. The functions see the header as it came.
fn layer_of_tower_http(service: &Described) -> tower_http::CorsLayer {
    let Description {
        origins,
        methods,
        headers,
        exposed,
        credentials,
    } = only_policy(service);
    let scheme = service.scheme;
    let layer = tower_http::CorsLayer::new().allow_credentials(credentials);
    let layer = if let [Origins::Every] = origins {
        layer.allow_origin(tower_http::Any)
    } else {
        layer.allow_origin(tower_http::AllowOrigin::predicate(move |value, _| {
            value.to_str().is_ok_and(|value| {
                origins
                    .iter()
                    .any(|origins| is_meant(*origins, scheme, value))
            })
        }))
    };
    let layer = match methods {
        Names::Listed(names) => {
            let methods: Vec<Method> = names.iter().map(|name| method(name)).collect();
            layer.allow_methods(methods)
        }
        Names::Every if credentials => {
            layer.allow_methods(tower_http::AllowMethods::mirror_request())
        }
        Names::Every => layer.allow_methods(tower_http::Any),
    };
    let layer = match headers {
        Names::Listed(names) => {
            let headers: Vec<HeaderName> = names.iter().map(|name| header(name)).collect();
            layer.allow_headers(headers)
        }
        Names::Every if credentials => {
            layer.allow_headers(tower_http::AllowHeaders::mirror_request())
        }
        Names::Every => layer.allow_headers(tower_http::Any),
    };
    match exposed {
        Names::Listed(names) => {
            let headers: Vec<HeaderName> = names.iter().map(|name| header(name)).collect();
            layer.expose_headers(headers)
        }
        Names::Every => layer.expose_headers(tower_http::Any),
    }
}

/// Whether an `Origin` header is one of those that are meant.
pub(crate) fn is_meant(origins: Origins, scheme: Scheme, value: &str) -> bool {
    let of = |scheme: Scheme| value.strip_prefix(scheme.name())?.strip_prefix("://");
    let host = of(scheme);
    match origins {
        Origins::Every => true,
        Origins::Opaque => value == "null",
        Origins::Exactly(meant) => host == Some(meant),
        Origins::OtherScheme(meant) => of(scheme.other()) == Some(meant),
        Origins::Below(domain) => host
            .and_then(|host| host.strip_suffix(domain))
            .is_some_and(|labels| labels.ends_with('.')),
        Origins::EveryPortOf(host_meant) => host
            .and_then(|host| host.strip_prefix(host_meant))
            .is_some_and(|port| port.is_empty() || port.starts_with(':')),
    }
}

fn method(name: &str) -> Method {
    name.parse().expect("a method")
}

fn header(name: &str) -> HeaderName {
    name.parse().expect("the name of a header")
}
