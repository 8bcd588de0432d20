//! The builder of a policy.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::check;
use super::settings::Settings;
use super::{Policy, PolicyError, PolicyErrors};
use crate::origin::Origin;

mod protection;

/// A builder of a [`Policy`].
///
/// Start with [`Policy::builder`], which allows nothing, or with a preset such as [`PolicyBuilder::grpc_web`]. Lists
/// grow with every call. Of other settings, the last call counts. [`build`](Self::build) reports all mistakes at once.
///
/// ```
/// use tower_cors::Policy;
///
/// let policy = Policy::builder()
///     .allow_origin("https://app.example.com")
///     .allow_methods(["PUT", "DELETE"])
///     .allow_header("authorization")
///     .build()?;
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyBuilder {
    pub(super) settings: Settings,
    /// The mistakes of texts that could not be parsed.
    mistakes: Vec<PolicyError>,
}

impl Policy {
    /// Returns a builder of a policy that allows nothing yet.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }
}

impl PolicyBuilder {
    /// Allows an origin, or the origins that a [pattern](crate::OriginPattern) matches.
    ///
    /// It adds to the origins of earlier calls.
    ///
    /// ```
    /// use tower_cors::{Origin, Policy};
    ///
    /// let admin: Origin = "https://admin.example.com".parse()?;
    /// let policy = Policy::builder()
    ///     .allow_origin("https://*.example.org")
    ///     .allow_origin(&admin)
    ///     .build()?;
    /// assert!(policy.allows(&admin));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "AllowOrigin")]
    pub fn allow_origin(self, origin: impl AsRef<str>) -> Self {
        self.allow_origins([origin])
    }

    /// Allows these origins, and the origins that these [patterns](crate::OriginPattern) match.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder()
    ///     .allow_origins([
    ///         "https://app.example.com",
    ///         "https://*.example.com",
    ///         "http://localhost:*",
    ///     ])
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// A request costs the same for one origin and for a million.
    #[doc(alias = "AllowOrigin")]
    pub fn allow_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for text in origins {
            match text.as_ref().parse() {
                Ok(pattern) => self.settings.origins.push(pattern),
                Err(error) => self.mistakes.push(PolicyError::MalformedPattern(error)),
            }
        }
        self
    }

    /// Allows every origin, for responses that everyone may read.
    ///
    /// It sends `Access-Control-Allow-Origin: *` and excludes credentials.
    #[doc(alias = "Any")]
    #[doc(alias = "AllowOrigin")]
    pub fn allow_any_origin(mut self) -> Self {
        self.settings.any_origin = true;
        self
    }

    /// Allows the opaque origin, which serializes to `null`.
    ///
    /// Any site can send it, from a sandboxed frame. So it identifies nobody, and it excludes credentials.
    pub fn allow_null_origin(mut self, allow: bool) -> Self {
        self.settings.null_origin = allow;
        self
    }

    /// Allows the origins for which `predicate` returns `true`, in addition to those that are listed.
    ///
    /// The predicate is called with well-formed origins that no list allows, never with `null`. If it panics, the
    /// request is rejected. With credentials, [`build`](Self::build) calls it with some invented origins, because a
    /// predicate that accepts unknown origins lets every site act as your users.
    ///
    /// ```
    /// use tower_cors::{Origin, Policy};
    ///
    /// /// Returns whether a page belongs to a tenant: one label below `example.com`, with TLS.
    /// fn is_tenant(origin: &Origin) -> bool {
    ///     let tenant = origin.host().and_then(|host| host.strip_suffix(".example.com"));
    ///     origin.scheme() == Some("https") && tenant.is_some_and(|tenant| !tenant.contains('.'))
    /// }
    ///
    /// let policy = Policy::builder().allow_origins_where(is_tenant).build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// It runs at every request from an origin that is not listed, before the service. Keep it short.
    #[doc(alias = "predicate")]
    #[doc(alias = "mirror_request")]
    #[doc(alias = "AllowOrigin")]
    pub fn allow_origins_where<F>(mut self, predicate: F) -> Self
    where
        F: Fn(&Origin) -> bool + Send + Sync + 'static,
    {
        self.settings.predicate = Some(Arc::new(predicate));
        self
    }

    /// Allows a method: see [`allow_methods`](Self::allow_methods).
    ///
    /// ```
    /// use http::Method;
    /// use tower_cors::PolicyBuilder;
    ///
    /// let policy = PolicyBuilder::grpc_web()
    ///     .allow_origin("https://app.example.com")
    ///     .allow_method(Method::PUT)
    ///     .allow_method("PROPFIND")
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[doc(alias = "AllowMethods")]
    pub fn allow_method(self, method: impl AsRef<str>) -> Self {
        self.allow_methods([method])
    }

    /// Allows these methods, given as text or as [`Method`](http::Method).
    ///
    /// GET, HEAD and POST need no permission in the protocol. Pages of an allowed origin can always send them and read
    /// the responses, and no list can forbid them. Still list HEAD if pages send it with headers of their own: Firefox
    /// otherwise sends a preflight each time.
    ///
    /// Methods are case-sensitive. Browsers convert only DELETE, GET, HEAD, OPTIONS, POST and PUT to upper case, so
    /// `fetch(url, {method: "patch"})` sends `patch`, which is not PATCH.
    ///
    /// ```
    /// use http::Method;
    /// use tower_cors::{Allowed, Policy};
    ///
    /// let policy = Policy::builder()
    ///     .allow_any_origin()
    ///     .allow_methods(["PUT", "DELETE"])
    ///     .allow_methods(vec![Method::PATCH])
    ///     .build()?;
    /// let listed = [Method::PUT, Method::DELETE, Method::PATCH];
    /// assert_eq!(policy.methods(), Allowed::Only(&listed));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
    #[doc(alias = "AllowMethods")]
    pub fn allow_methods<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for text in methods {
            match check::method(text.as_ref()) {
                Ok(method) => self.settings.methods.push(method),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        self
    }

    /// Allows every method.
    ///
    /// Without credentials, the policy sends `*`. With credentials, browsers treat `*` literally, so the requested
    /// method is echoed instead.
    #[doc(alias = "Any")]
    #[doc(alias = "AllowMethods")]
    #[doc(alias = "mirror_request")]
    pub fn allow_any_method(mut self) -> Self {
        self.settings.any_method = true;
        self
    }

    /// Allows a request header: see [`allow_headers`](Self::allow_headers).
    #[doc(alias = "AllowHeaders")]
    pub fn allow_header(self, header: impl AsRef<str>) -> Self {
        self.allow_headers([header])
    }

    /// Allows these request headers, given as text or as [`HeaderName`](http::HeaderName).
    ///
    /// `Accept`, `Accept-Language`, `Content-Language` and the `Content-Type` of an HTML form need no permission. A
    /// page that sends JSON needs `Content-Type`.
    ///
    /// ```
    /// use http::header::AUTHORIZATION;
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder()
    ///     .allow_any_origin()
    ///     .allow_headers([AUTHORIZATION])
    ///     .allow_headers(["Content-Type", "X-Tenant"])
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
    #[doc(alias = "AllowHeaders")]
    pub fn allow_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for text in headers {
            match check::request_header(text.as_ref()) {
                Ok(name) => self.settings.headers.push(name),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        self
    }

    /// Sets whether pages may send parameters of tools in headers `Mcp-Param-*`, as clients of the Model Context Protocol
    /// do since revision 2026-07-28.
    ///
    /// The names are in the `x-mcp-header` fields of your tools. No list in a policy can know them if tools change while
    /// the server runs. So the policy adds the requested names with this prefix to the headers that it allows, up to 4 KiB
    /// for each preflight. It is safe to allow all of them: a page that may call a tool chooses its parameters anyway, and
    /// a server rejects a request whose headers differ from its body.
    ///
    /// [`PolicyBuilder::mcp`] turns it on. Turn it off and use [`allow_headers`](Self::allow_headers) to allow fixed names:
    ///
    /// ```
    /// use tower_cors::PolicyBuilder;
    ///
    /// let policy = PolicyBuilder::mcp()
    ///     .allow_origin("https://inspector.example.com")
    ///     .hosts(["mcp.example.com"])
    ///     .allow_mcp_parameters(false)
    ///     .allow_headers(["mcp-param-region", "mcp-param-tenant"])
    ///     .build()?;
    /// assert!(!policy.allows_mcp_parameters());
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// Preflights of this policy are read, and their answers vary on `Access-Control-Request-Headers`. A preflight that
    /// asks for such a header allocates once.
    ///
    /// # Standard
    ///
    /// <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#custom-headers-from-tool-parameters>
    pub fn allow_mcp_parameters(mut self, allow: bool) -> Self {
        self.settings.mcp_parameters = allow;
        self
    }

    /// Allows every request header, including `Authorization`.
    ///
    /// Without credentials, the policy sends `*, authorization`, because `*` alone does not cover `Authorization`. With
    /// credentials, browsers treat `*` literally, so the requested headers are echoed instead, up to 4 KiB.
    #[doc(alias = "Any")]
    #[doc(alias = "AllowHeaders")]
    #[doc(alias = "mirror_request")]
    pub fn allow_any_header(mut self) -> Self {
        self.settings.any_header = true;
        self
    }

    /// Lets pages read a response header: see [`expose_headers`](Self::expose_headers).
    #[doc(alias = "ExposeHeaders")]
    pub fn expose_header(self, header: impl AsRef<str>) -> Self {
        self.expose_headers([header])
    }

    /// Lets pages read these response headers, given as text or as [`HeaderName`](http::HeaderName).
    ///
    /// Pages can always read `Cache-Control`, `Content-Language`, `Content-Length`, `Content-Type`, `Expires`,
    /// `Last-Modified` and `Pragma`.
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
    #[doc(alias = "ExposeHeaders")]
    pub fn expose_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for text in headers {
            match check::exposed_header(text.as_ref()) {
                Ok(name) => self.settings.exposed.push(name),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        self
    }

    /// Lets pages read every response header.
    ///
    /// It excludes credentials, because with them browsers treat `*` literally.
    #[doc(alias = "Any")]
    #[doc(alias = "ExposeHeaders")]
    pub fn expose_any_header(mut self) -> Self {
        self.settings.expose_any = true;
        self
    }

    /// Sets whether pages may send credentials (cookies, HTTP authentication, client certificates) and read the
    /// responses. The default is `false`.
    ///
    /// An `Authorization` header that a page sets itself is a header, not a credential: allow it with
    /// [`allow_headers`](Self::allow_headers).
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#credentials>
    pub fn allow_credentials(mut self, allow: bool) -> Self {
        self.settings.credentials = allow;
        self
    }

    /// Sets how long a browser may cache the answer to a preflight: whole seconds, rounded down, at most 86,400.
    ///
    /// Zero forbids caching. Without this call the header is not sent, and browsers cache for 5 seconds. Chromium
    /// caches for at most 7,200 s, Firefox for 86,400 s, WebKit for 600 s. Browsers use a permission that you remove
    /// until this time is over.
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#http-access-control-max-age>
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.settings.max_age = Some(max_age);
        self
    }

    /// Sets the status of the answer to an allowed preflight. The default is 204. Browsers accept any 2xx status.
    pub fn preflight_status(mut self, status: StatusCode) -> Self {
        self.settings.preflight_status = status;
        self
    }

    /// Sets whether preflights of allowed origins that ask for it get `Access-Control-Allow-Private-Network: true`.
    ///
    /// This is legacy: browsers now ask the user and send no header.
    /// <https://wicg.github.io/local-network-access/>
    pub fn allow_private_network(mut self, allow: bool) -> Self {
        self.settings.private_network = allow;
        self
    }

    /// Sets whether allowed origins may read the timing of responses, with `Timing-Allow-Origin`.
    ///
    /// # Standard
    ///
    /// <https://w3c.github.io/resource-timing/#sec-timing-allow-origin>
    pub fn allow_timing(mut self, allow: bool) -> Self {
        self.settings.timing = allow;
        self
    }

    /// Accepts listed `http` origins with credentials. It lets a network attacker impersonate your users.
    pub fn dangerously_allow_insecure_origins(mut self) -> Self {
        self.settings.insecure_origins = true;
        self
    }

    /// Accepts patterns such as `https://*.github.io` with credentials. It lets third parties who own such a subdomain
    /// impersonate your users.
    pub fn dangerously_allow_public_suffixes(mut self) -> Self {
        self.settings.public_suffixes = true;
        self
    }

    /// Builds the policy.
    ///
    /// # Errors
    ///
    /// Returns all mistakes at once, each with the value and the line to write: see [`PolicyError`].
    ///
    /// # Cost
    ///
    /// Linear in the number of origins; a million take about a second.
    pub fn build(self) -> Result<Policy, PolicyErrors> {
        let mut errors = self.mistakes;
        check::check_origins(&self.settings, &mut errors);
        check::check(&self.settings, &mut errors);
        PolicyErrors::check(errors)?;
        Ok(Policy::compile(self.settings))
    }

    /// Builds a policy whose origins an asynchronous predicate decides about. The policy itself allows none.
    #[cfg(feature = "cache")]
    pub(crate) fn build_for_lookup(self) -> Result<Policy, PolicyErrors> {
        let mut errors = self.mistakes;
        check::check_no_origins(&self.settings, &mut errors);
        check::check(&self.settings, &mut errors);
        PolicyErrors::check(errors)?;
        Ok(Policy::compile(self.settings))
    }

    /// Returns whether `http` origins must not be allowed, because the policy allows credentials.
    #[cfg(feature = "cache")]
    pub(crate) fn rejects_insecure_origins(&self) -> bool {
        self.settings.credentials && !self.settings.insecure_origins
    }
}

impl fmt::Debug for PolicyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyBuilder")
            .field("origins", &self.settings.origins.len())
            .field("any_origin", &self.settings.any_origin)
            .field("methods", &self.settings.methods)
            .field("headers", &self.settings.headers)
            .field("credentials", &self.settings.credentials)
            .field("mistakes", &self.mistakes)
            .finish_non_exhaustive()
    }
}
