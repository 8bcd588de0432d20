//! Policies that many services need.

use std::time::Duration;

use super::{Policy, PolicyBuilder};
use crate::enforce::Enforcement;

/// The longest Max-Age that Chromium keeps.
const TWO_HOURS: Duration = Duration::from_secs(7200);

impl Policy {
    /// Returns a policy that lets everyone read: any origin, method and header, every response header, no credentials.
    ///
    /// It is what [`PolicyBuilder::public`] builds, without an error to handle.
    ///
    /// ```
    /// use tower_cors::{Allowed, Policy};
    ///
    /// let policy = Policy::permissive();
    /// assert!(policy.allows_any_origin() && !policy.allows_credentials());
    /// assert_eq!(policy.methods(), Allowed::Any);
    /// ```
    #[doc(alias = "Any")]
    #[doc(alias = "public")]
    pub fn permissive() -> Self {
        Self::compile(PolicyBuilder::public().settings)
    }

    /// Returns a policy that allows no origin: every preflight gets 403, and no response gets a CORS header.
    ///
    /// It stands where a policy is needed and no page of another origin may read: in a
    /// [`PolicyHandle`](crate::PolicyHandle) until the configuration is read, for a path of `PathPolicies`, or if an
    /// operator lists no origin. Use [`PolicyBuilder::allow_no_origin`] to set something else, such as
    /// [`enforce`](PolicyBuilder::enforce).
    ///
    /// ```
    /// use tower_cors::{Policy, PolicyHandle};
    ///
    /// let handle = PolicyHandle::new(Policy::nobody());
    /// assert!(!handle.current().allows(&"https://app.example.com".parse()?));
    /// # Ok::<(), tower_cors::OriginError>(())
    /// ```
    #[doc(alias = "none")]
    #[doc(alias = "new")]
    pub fn nobody() -> Self {
        Self::compile(PolicyBuilder::default().allow_no_origin().settings)
    }
}

/// Presets, to customise and build.
///
/// A list replaces the "any" of a preset, and adds to the list of a preset.
impl PolicyBuilder {
    /// Returns a builder of a policy that lets everyone read: any origin, method and header, every response header, no
    /// credentials.
    ///
    /// Use [`Policy::permissive`] if there is nothing to customise. A list narrows it: see [`PolicyBuilder`].
    ///
    /// ```
    /// use http::Method;
    /// use tower_cors::{Allowed, PolicyBuilder};
    ///
    /// let policy = PolicyBuilder::public().allow_methods([Method::GET]).build()?;
    /// assert_eq!(policy.methods(), Allowed::Only(&[Method::GET]));
    /// assert_eq!(policy.headers(), Allowed::Any);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[doc(alias = "permissive")]
    pub fn public() -> Self {
        Self::default()
            .allow_any_origin()
            .allow_any_method()
            .allow_any_header()
            .expose_any_header()
            .into_preset()
    }

    /// Returns a builder of a policy for development on your own machine.
    ///
    /// It allows pages of `localhost`, its subdomains, `127.0.0.1` and `[::1]` at any port, over `http` or `https`, with any
    /// method and header, with credentials. Do not use it in production: any program on a user's machine can serve such a page.
    ///
    /// ```
    /// let policy = tower_cors::PolicyBuilder::localhost().build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[doc(alias = "very_permissive")]
    pub fn localhost() -> Self {
        Self::default()
            .allow_origins([
                "http://localhost:*",
                "http://*.localhost:*",
                "http://127.0.0.1:*",
                "http://[::1]:*",
            ])
            .allow_origins([
                "https://localhost:*",
                "https://*.localhost:*",
                "https://127.0.0.1:*",
                "https://[::1]:*",
            ])
            .allow_any_method()
            .allow_any_header()
            .allow_credentials(true)
            .into_preset()
    }

    /// Returns a builder of a policy with the methods and headers of gRPC-Web.
    ///
    /// Add the origins. Add `Authorization` and the names of your metadata with
    /// [`allow_headers`](PolicyBuilder::allow_headers) and [`expose_headers`](PolicyBuilder::expose_headers).
    ///
    /// ```
    /// use tower_cors::PolicyBuilder;
    ///
    /// let policy = PolicyBuilder::grpc_web().allow_origin("https://app.example.com").build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://connectrpc.com/docs/cors>
    pub fn grpc_web() -> Self {
        Self::default()
            .allow_method("POST")
            .allow_headers(["content-type", "grpc-timeout", "x-grpc-web", "x-user-agent"])
            .expose_headers(["grpc-status", "grpc-message", "grpc-status-details-bin"])
            .max_age(TWO_HOURS)
            .into_preset()
    }

    /// Returns a builder of a policy with the methods and headers of Connect.
    ///
    /// Add the origins. Expose your unary trailers as `Trailer-<name>`.
    ///
    /// ```
    /// use tower_cors::PolicyBuilder;
    ///
    /// let policy = PolicyBuilder::connect().allow_origin("https://app.example.com").build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://connectrpc.com/docs/cors>
    pub fn connect() -> Self {
        Self::default()
            .allow_methods(["GET", "POST"])
            .allow_headers([
                "content-type",
                "connect-protocol-version",
                "connect-timeout-ms",
                "x-user-agent",
            ])
            .max_age(TWO_HOURS)
            .into_preset()
    }

    /// Returns a builder of a policy for a server of the Model Context Protocol over streamable HTTP.
    ///
    /// Add the origins of the clients, and the hosts by which the server is reached:
    /// [`local_hosts`](Self::local_hosts) for a server on the user's machine, otherwise [`hosts`](Self::hosts). Without
    /// hosts it does not build, because a page could reach the server by DNS rebinding.
    ///
    /// It has the methods and headers that clients of every revision since 2025-03-26 send and read, and
    /// [`Enforcement::Block`], because the transport requires a server to reject other origins with 403. Only listed
    /// origins are trusted, so list the pages of your own server too.
    ///
    /// Since revision 2026-07-28, clients send some parameters of a tool in headers such as `Mcp-Param-Region`. The policy
    /// [allows them](Self::allow_mcp_parameters), whatever your tools call them.
    ///
    /// ```
    /// use tower_cors::PolicyBuilder;
    ///
    /// let policy = PolicyBuilder::mcp()
    ///     .allow_origin("https://inspector.example.com")
    ///     .hosts(["mcp.example.com"])
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http>
    pub fn mcp() -> Self {
        let mut builder = Self::default()
            // GET opens a stream, and DELETE ends a session, until revision 2025-11-25.
            .allow_methods(["GET", "POST", "DELETE"])
            .allow_headers(["authorization", "content-type"])
            // Revisions 2025-03-26 to 2025-11-25: the session, and the event after which a stream resumes.
            .allow_headers(["mcp-session-id", "last-event-id"])
            // Since revision 2025-06-18.
            .allow_header("mcp-protocol-version")
            // Since revision 2026-07-28: the method of each message, and the tool, resource or prompt that it names.
            .allow_headers(["mcp-method", "mcp-name"])
            // Also since then: parameters of tools.
            .allow_mcp_parameters(true)
            // The latter leads clients to the authorization server: <https://www.rfc-editor.org/rfc/rfc9728#section-5.1>
            .expose_headers(["mcp-session-id", "www-authenticate"])
            .enforce(Enforcement::Block)
            .trust_same_origin(false)
            .into_preset();
        builder.settings.requires_hosts = true;
        builder
    }
}
