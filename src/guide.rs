//! Guides, each read in a few minutes.
//!
//! | for | read |
//! |---|---|
//! | what to allow | [choosing a policy](choosing_a_policy) |
//! | a policy in a file or the environment, replacing it | [configuration] |
//! | pages on your own machine and network | [development] |
//! | where the layer goes | [Axum](axum), [Tonic](tonic), [Hyper](hyper), [proxies and CDNs](proxies) |
//! | forms, images and WebSockets of other sites, DNS rebinding | [cross-site requests](cross_site_requests) |
//! | special services | [tenants], [MCP servers](mcp) |
//! | pages that no web server serves | [app shells and extensions](apps) |
//! | whether it is right | [testing] |
//! | what to do when the source is down, a revocation is urgent, memory grows | [operations] |
//! | "blocked by CORS policy" | [troubleshooting], [a program that asks the server](check) |
//! | the compiler's message | [compile errors](compile_errors) |
//! | coming from `tower_http::cors` | [migrating] |

/// The links of the guides in rustdoc. The guides themselves define the same labels for other readers, at their ends. Rustdoc
/// takes the first definition of a label.
macro_rules! links {
    () => {
        concat!(
            "[`CloneService`]: crate::CloneService\n",
            "[`CorsLayer::new`]: crate::CorsLayer::new\n",
            "[`DynamicPolicies::from_predicate`]: crate::DynamicPolicies::from_predicate\n",
            "[`Enforcement`]: crate::Enforcement\n",
            "[`OriginPattern::matches`]: crate::OriginPattern::matches\n",
            "[`PathPolicies`]: crate::PathPolicies\n",
            "[`PolicyBuilder::allow_origins_where`]: crate::PolicyBuilder::allow_origins_where\n",
            "[`PolicyBuilder::connect`]: crate::PolicyBuilder::connect\n",
            "[`PolicyBuilder::grpc_web`]: crate::PolicyBuilder::grpc_web\n",
            "[`PolicyBuilder::hosts`]: crate::PolicyBuilder::hosts\n",
            "[`PolicyBuilder::localhost`]: crate::PolicyBuilder::localhost\n",
            "[apps]: crate::guide::apps\n",
            "[axum#layer-order]: crate::guide::axum#layer-order\n",
            "[choosing-a-policy#previews-ports-extensions-and-shells]: crate::guide::choosing_a_policy#previews-ports-extensions-and-shells\n",
            "[development]: crate::guide::development\n",
            "[proxies]: crate::guide::proxies\n",
            "[proxies#the-host]: crate::guide::proxies#the-host\n",
            "[tenants]: crate::guide::tenants\n",
        )
    };
}

macro_rules! pages {
    ($($page:ident: $file:literal, $title:literal;)*) => {
        $(
            #[doc = concat!($title, "\n\n", links!(), "\n")]
            #[doc = include_str!(concat!("../docs/", $file, ".md"))]
            pub mod $page {}
        )*
    };
}

pages! {
    choosing_a_policy: "choosing-a-policy", "Choosing a policy.";
    configuration: "configuration", "Configuration and reload.";
    development: "development", "Development.";
    axum: "axum", "Axum.";
    tonic: "tonic", "Tonic and gRPC-Web.";
    hyper: "hyper", "Hyper.";
    proxies: "proxies", "Proxies and CDNs.";
    cross_site_requests: "cross-site-requests", "Requests that pages of other sites send.";
    tenants: "tenants", "Many tenants.";
    mcp: "mcp", "MCP servers.";
    apps: "apps", "App shells and browser extensions.";
    operations: "operations", "Operations.";
    testing: "testing", "Testing.";
    troubleshooting: "troubleshooting", "Troubleshooting.";
    check: "check", "A program that asks a server.";
    compile_errors: "compile-errors", "Compile errors.";
    migrating: "migrating", "Migrating from `tower_http::cors`.";
}
