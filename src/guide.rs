//! Guides, each read in a few minutes.
//!
//! | for | read |
//! |---|---|
//! | what to allow | [choosing a policy](choosing_a_policy) |
//! | a policy in a file or the environment, replacing it | [configuration] |
//! | where the layer goes | [Axum](axum), [Tonic](tonic), [Hyper](hyper), [proxies and CDNs](proxies) |
//! | forms, images and WebSockets of other sites, DNS rebinding | [cross-site requests](cross_site_requests) |
//! | special services | [tenants], [MCP servers](mcp) |
//! | pages that no web server serves | [app shells and extensions](apps) |
//! | whether it is right | [testing] |
//! | what to do when the source is down, a revocation is urgent, memory grows | [operations] |
//! | "blocked by CORS policy" | [troubleshooting] |
//! | coming from `tower_http::cors` | [migrating] |

macro_rules! pages {
    ($($page:ident: $file:literal, $title:literal;)*) => {
        $(
            #[doc = concat!($title, "\n\n")]
            #[doc = include_str!(concat!("../docs/", $file, ".md"))]
            pub mod $page {}
        )*
    };
}

pages! {
    choosing_a_policy: "choosing-a-policy", "Choosing a policy.";
    configuration: "configuration", "Configuration and reload.";
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
    migrating: "migrating", "Migrating from `tower_http::cors`.";
}
