//! Policies that many services need, as builders to go on with.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, Method};
use std::time::Duration;

use super::{Policy, PolicyBuilder};

const CONNECT_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const CONNECT_TIMEOUT_MS: HeaderName = HeaderName::from_static("connect-timeout-ms");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_STATUS_DETAILS_BIN: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const MCP_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const MCP_SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const X_GRPC_WEB: HeaderName = HeaderName::from_static("x-grpc-web");
const X_USER_AGENT: HeaderName = HeaderName::from_static("x-user-agent");

/// What Chromium keeps at most; longer answers have no effect there.
const TWO_HOURS: Duration = Duration::from_secs(7200);

impl Policy {
    /// What everyone may read: any origin, any method and header, every response header, no credentials.
    ///
    /// ```
    /// let policy = tower_cors::Policy::public().build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn public() -> PolicyBuilder {
        Self::builder()
            .allow_any_origin()
            .allow_any_method()
            .allow_any_header()
            .expose_any_header()
    }

    /// Development on one's own machine: pages of `localhost`, `127.0.0.1` and `[::1]` at any port, over `http` or
    /// `https`, with any method and header, with credentials.
    ///
    /// Whatever runs on a user's machine is such a page: not for production.
    ///
    /// ```
    /// let policy = tower_cors::Policy::localhost().build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn localhost() -> PolicyBuilder {
        Self::builder()
            .allow_origins(["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"])
            .allow_origins([
                "https://localhost:*",
                "https://127.0.0.1:*",
                "https://[::1]:*",
            ])
            .allow_any_method()
            .allow_any_header()
            .allow_credentials(true)
    }

    /// A gRPC-Web service: its methods and headers. Say which origins; add `Authorization` and the names of your
    /// metadata with [`allow_headers`](PolicyBuilder::allow_headers) and [`expose_headers`](PolicyBuilder::expose_headers).
    ///
    /// ```
    /// let policy = tower_cors::Policy::grpc_web().allow_origins(["https://app.example.com"]).build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://connectrpc.com/docs/cors>
    pub fn grpc_web() -> PolicyBuilder {
        Self::builder()
            .allow_methods([Method::POST])
            .allow_headers([CONTENT_TYPE, GRPC_TIMEOUT, X_GRPC_WEB, X_USER_AGENT])
            .expose_headers([GRPC_STATUS, GRPC_MESSAGE, GRPC_STATUS_DETAILS_BIN])
            .max_age(TWO_HOURS)
    }

    /// A Connect service: its methods and headers. Say which origins; expose your unary trailers as `Trailer-<name>`.
    ///
    /// ```
    /// let policy = tower_cors::Policy::connect().allow_origins(["https://app.example.com"]).build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://connectrpc.com/docs/cors>
    pub fn connect() -> PolicyBuilder {
        Self::builder()
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([
                CONTENT_TYPE,
                CONNECT_PROTOCOL_VERSION,
                CONNECT_TIMEOUT_MS,
                X_USER_AGENT,
            ])
            .max_age(TWO_HOURS)
    }

    /// A server of the Model Context Protocol over streamable HTTP: its methods and headers, `Authorization` among
    /// them. Say which origins.
    ///
    /// The transport asks servers to reject requests of other origins with 403: add the policy with
    /// [`Enforcement::Block`](crate::Enforcement::Block). Only listed origins are trusted, not those that equal `Host`,
    /// for a server on the user's machine can be reached by DNS rebinding.
    ///
    /// ```
    /// let policy = tower_cors::Policy::mcp().allow_origins(["https://inspector.example.com"]).build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://modelcontextprotocol.io/specification/2025-06-18/basic/transports>
    pub fn mcp() -> PolicyBuilder {
        Self::builder()
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([
                AUTHORIZATION,
                CONTENT_TYPE,
                LAST_EVENT_ID,
                MCP_PROTOCOL_VERSION,
                MCP_SESSION_ID,
            ])
            .expose_headers([MCP_SESSION_ID])
            .trust_same_origin(false)
    }
}
