//! The service behind every kind of source, with and without protection.

use std::future::ready;

use axum::Router;
use axum::routing::MethodRouter;
use tower_cors::{
    CorsLayer, DynamicPolicies, Enforcement, HostSet, Origin, PathPolicies, Policy, PolicyBuilder,
    PolicyErrors, PolicyHandle, PolicyList, PolicySource,
};

/// The only page that the policies allow, at each port.
pub(crate) const LISTED: &str = "http://app.shop.test:*";

/// By what names the service is reached.
const HOSTS: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "api.shop.test"];

/// The protection of a service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// None: before.
    Off,
    /// `Block` without hosts.
    WithoutHosts,
    /// `BlockUnsafe` with hosts.
    Unsafe,
    /// `Block` with hosts: after.
    Block,
}

/// A service.
#[derive(Debug)]
pub struct Protected {
    /// Its path.
    pub path: String,
    /// The source of its policies.
    pub source: &'static str,
    /// Its protection.
    pub level: Level,
    /// Set if the source allows the listed page.
    pub allows_listed: bool,
    /// Set if the pages of the service itself are trusted.
    pub trusts_own: bool,
    layer: CorsLayer,
}

impl Level {
    /// All of them, from before to after.
    pub const ALL: [Self; 4] = [Self::Off, Self::WithoutHosts, Self::Unsafe, Self::Block];

    fn enforcement(self) -> Enforcement {
        match self {
            Self::Off => Enforcement::Off,
            Self::Unsafe => Enforcement::BlockUnsafe,
            Self::WithoutHosts | Self::Block => Enforcement::Block,
        }
    }

    fn hosts(self) -> Option<HostSet> {
        let hosts = || HostSet::new(HOSTS).expect("they are hosts");
        matches!(self, Self::Unsafe | Self::Block).then(hosts)
    }

    fn protect(self, policy: PolicyBuilder) -> PolicyBuilder {
        let policy = policy.enforce(self.enforcement());
        match self.hosts() {
            Some(_) => policy.hosts(HOSTS),
            None => policy,
        }
    }

    fn protect_lookup(self, lookup: DynamicPolicies) -> DynamicPolicies {
        let lookup = lookup.enforce(self.enforcement());
        match self.hosts() {
            Some(hosts) => lookup.hosts(hosts),
            None => lookup,
        }
    }

    fn directory(self) -> String {
        format!("/{self:?}").to_lowercase()
    }
}

fn listed() -> PolicyBuilder {
    base().allow_origins([LISTED])
}

/// A policy of no origin, whose pages may send JSON.
fn base() -> PolicyBuilder {
    Policy::builder().allow_headers(["content-type"])
}

fn build(policy: PolicyBuilder) -> Policy {
    policy.build().expect("the policy has no mistake")
}

/// Returns every kind of source at a level, with whether it allows the listed page.
fn sources(level: Level) -> Vec<(&'static str, bool, PolicySource)> {
    let policy = || build(level.protect(listed()));
    let handle = || PolicyHandle::new(policy());
    let other = || build(Policy::builder().allow_origins(["https://other.shop.test"]));
    let lookup = |find: fn(Origin) -> Result<Option<Policy>, &'static str>| {
        let lookup = DynamicPolicies::new(move |origin, _| ready(find(origin)));
        level.protect_lookup(lookup).into()
    };
    let predicate = |allows: fn(Origin) -> bool| {
        let base = level.protect(base());
        DynamicPolicies::from_predicate(base, move |origin, _| {
            ready(Ok::<_, PolicyErrors>(allows(origin)))
        })
        .expect("the policy has no mistake")
        .into()
    };
    let matched = format!("{}/path-matched", level.directory());
    let unmatched = "/elsewhere".to_owned();
    vec![
        ("policy", true, policy().into()),
        ("list", true, PolicyList::new(other()).then(policy()).into()),
        (
            "nobody",
            false,
            build(level.protect(base().allow_no_origin())).into(),
        ),
        ("handle", true, handle().into()),
        (
            "list-of-handles",
            true,
            PolicyList::new(handle())
                .then(PolicyHandle::new(other()))
                .into(),
        ),
        ("path-matched", true, paths([(matched, policy())])),
        (
            "path-unmatched",
            false,
            paths([(unmatched.clone(), policy())]),
        ),
        (
            "path-unmatched-handle",
            false,
            paths([(unmatched, handle())]),
        ),
        (
            "lookup",
            true,
            lookup(|origin| Ok(Some(build(listed())).filter(|policy| policy.allows(&origin)))),
        ),
        ("lookup-rejects", false, lookup(|_| Ok(None))),
        ("lookup-fails", false, lookup(|_| Err("no connection"))),
        (
            "from-predicate",
            true,
            predicate(|origin| origin.as_str().starts_with("http://app.shop.test:")),
        ),
        ("from-predicate-rejects", false, predicate(|_| false)),
        (
            "cached",
            true,
            DynamicPolicies::cached(PolicyList::new(policy()).then(other())).into(),
        ),
    ]
}

fn paths<S: Into<PolicySource>, const N: usize>(policies: [(String, S); N]) -> PolicySource {
    PathPolicies::new(policies)
        .expect("the patterns have no mistake")
        .into()
}

/// Returns the services: every kind of source before and after, and one policy at each level.
///
/// A list without policies cannot be built. A policy of no origin is `nobody`.
pub fn services() -> Vec<Protected> {
    let mut services = Vec::new();
    for level in Level::ALL {
        let mut add = |source, allows_listed, trusts_own, layer| {
            services.push(Protected {
                path: format!("{}/{source}", level.directory()),
                source,
                level,
                allows_listed,
                trusts_own,
                layer,
            });
        };
        let is_all = matches!(level, Level::Off | Level::Block);
        for (name, allows_listed, source) in sources(level) {
            if is_all || name == "policy" {
                add(name, allows_listed, true, CorsLayer::new(source));
            }
        }
        if is_all {
            let mut around = CorsLayer::new(build(listed())).enforce(level.enforcement());
            if let Some(hosts) = level.hosts() {
                around = around.hosts(hosts);
            }
            add("layer", true, true, around);
            // Its enforcement cannot be turned off: without it, its hosts have no effect.
            let before = (level == Level::Off).then_some(Enforcement::Report);
            let policy = PolicyBuilder::mcp()
                .allow_origins([LISTED])
                .hosts(HOSTS)
                .enforce(before.unwrap_or(Enforcement::Block));
            add("mcp", true, false, CorsLayer::new(build(policy)));
        }
    }
    services
}

impl Protected {
    /// Returns the routes of this service.
    pub(crate) fn routes(&self, inner: MethodRouter) -> Router {
        Router::new()
            .route(&self.path, inner)
            .layer(self.layer.clone())
    }
}
