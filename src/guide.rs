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
//! | many origins, and many replicas | [snapshots], [capacity] |
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
            "[`Browser::embedded_in`]: crate::testing::Browser::embedded_in\n",
            "[`Browser::fetch`]: crate::testing::Browser::fetch\n",
            "[`Browser::in_worker`]: crate::testing::Browser::in_worker\n",
            "[`Browser::rebound`]: crate::testing::Browser::rebound\n",
            "[`Browser::sandboxed`]: crate::testing::Browser::sandboxed\n",
            "[`Browser::try_at`]: crate::testing::Browser::try_at\n",
            "[`Browser`]: crate::testing::Browser\n",
            "[`CacheStats`]: crate::CacheStats\n",
            "[`CloneService`]: crate::CloneService\n",
            "[`CorsLayer::new`]: crate::CorsLayer::new\n",
            "[`Deviation`]: crate::testing::Deviation\n",
            "[`DynamicPolicies::from_predicate`]: crate::DynamicPolicies::from_predicate\n",
            "[`DynamicPolicies::new`]: crate::DynamicPolicies::new\n",
            "[`DynamicPolicies::scope`]: crate::DynamicPolicies::scope\n",
            "[`DynamicPolicies`]: crate::DynamicPolicies\n",
            "[`EmptyBody`]: crate::EmptyBody\n",
            "[`Enforcement::Block`]: crate::Enforcement::Block\n",
            "[`Enforcement`]: crate::Enforcement\n",
            "[`Exchange::error`]: crate::testing::Exchange::error\n",
            "[`Fetch::address_bar`]: crate::testing::Fetch::address_bar\n",
            "[`Fetch::beacon`]: crate::testing::Fetch::beacon\n",
            "[`Fetch::bytes`]: crate::testing::Fetch::bytes\n",
            "[`Fetch::cache`]: crate::testing::Fetch::cache\n",
            "[`Fetch::event_source`]: crate::testing::Fetch::event_source\n",
            "[`Fetch::form`]: crate::testing::Fetch::form\n",
            "[`Fetch::frame`]: crate::testing::Fetch::frame\n",
            "[`Fetch::image`]: crate::testing::Fetch::image\n",
            "[`Fetch::keepalive`]: crate::testing::Fetch::keepalive\n",
            "[`Fetch::navigation`]: crate::testing::Fetch::navigation\n",
            "[`Fetch::script`]: crate::testing::Fetch::script\n",
            "[`Fetch::search_params`]: crate::testing::Fetch::search_params\n",
            "[`Fetch::style`]: crate::testing::Fetch::style\n",
            "[`Fetch::text`]: crate::testing::Fetch::text\n",
            "[`Fetch::web_socket`]: crate::testing::Fetch::web_socket\n",
            "[`Fetch::without_body`]: crate::testing::Fetch::without_body\n",
            "[`HostSet`]: crate::HostSet\n",
            "[`OriginPattern::matches`]: crate::OriginPattern::matches\n",
            "[`PathPolicies`]: crate::PathPolicies\n",
            "[`Policy::explain`]: crate::Policy::explain\n",
            "[`PolicyBuilder::allow_origins_where`]: crate::PolicyBuilder::allow_origins_where\n",
            "[`PolicyBuilder::connect`]: crate::PolicyBuilder::connect\n",
            "[`PolicyBuilder::grpc_web`]: crate::PolicyBuilder::grpc_web\n",
            "[`PolicyBuilder::hosts`]: crate::PolicyBuilder::hosts\n",
            "[`PolicyBuilder::localhost`]: crate::PolicyBuilder::localhost\n",
            "[`PolicyBuilder::read_only`]: crate::PolicyBuilder::read_only\n",
            "[`PolicyCache#clocks`]: crate::PolicyCache#clocks\n",
            "[`PolicyCacheBuilder::capacity`]: crate::PolicyCacheBuilder::capacity\n",
            "[`PolicyCache`]: crate::PolicyCache\n",
            "[`PolicyConfig`]: crate::PolicyConfig\n",
            "[`PolicyError::is_harmless`]: crate::PolicyError::is_harmless\n",
            "[`PolicyHandle`]: crate::PolicyHandle\n",
            "[`Profile`]: crate::testing::Profile\n",
            "[`Scope`]: crate::Scope\n",
            "[`Severity`]: crate::testing::Severity\n",
            "[`SnapshotPolicies`]: crate::SnapshotPolicies\n",
            "[`assert_protected`]: crate::testing::assert_protected\n",
            "[`assert_safe`]: crate::testing::assert_safe\n",
            "[`findings`]: crate::testing::findings\n",
            "[`is_ready`]: crate::SnapshotPolicies::is_ready\n",
            "[`read_only`]: crate::PolicyBuilder::read_only\n",
            "[`refresh_soon`]: crate::SnapshotPolicies::refresh_soon\n",
            "[`seed`]: crate::SnapshotPolicies::seed\n",
            "[`status`]: crate::SnapshotPolicies::status\n",
            "[`timeout`]: crate::SnapshotPolicies::timeout\n",
            "[apps]: crate::guide::apps\n",
            "[axum#layer-order]: crate::guide::axum#layer-order\n",
            "[capacity]: crate::guide::capacity\n",
            "[choosing-a-policy#previews-ports-extensions-and-shells]: crate::guide::choosing_a_policy#previews-ports-extensions-and-shells\n",
            "[configuration]: crate::guide::configuration\n",
            "[cross-site-requests]: crate::guide::cross_site_requests\n",
            "[cross-site-requests#dns-rebinding]: crate::guide::cross_site_requests#dns-rebinding\n",
            "[development]: crate::guide::development\n",
            "[operations]: crate::guide::operations\n",
            "[proxies]: crate::guide::proxies\n",
            "[proxies#the-host]: crate::guide::proxies#the-host\n",
            "[snapshots]: crate::guide::snapshots\n",
            "[tenants]: crate::guide::tenants\n",
            "[tenants#plan-the-capacity]: crate::guide::tenants#plan-the-capacity\n",
            "[troubleshooting]: crate::guide::troubleshooting\n",
            // The picture itself, because rustdoc copies no files.
            include_str!("../docs/plots/lookups.md"),
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
    snapshots: "snapshots", "All origins in memory.";
    capacity: "capacity", "Capacity planning.";
    mcp: "mcp", "MCP servers.";
    apps: "apps", "App shells and browser extensions.";
    operations: "operations", "Operations.";
    testing: "testing", "Testing.";
    troubleshooting: "troubleshooting", "Troubleshooting.";
    check: "check", "A program that asks a server.";
    compile_errors: "compile-errors", "Compile errors.";
    migrating: "migrating", "Migrating from `tower_http::cors`.";
}
