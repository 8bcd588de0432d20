//! The builder of a policy.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};

#[cfg(feature = "cache")]
use super::AllowedOrigins;
use super::check;
use super::settings::Settings;
use super::texts::{Name, Names, OriginText, OriginTexts};
use super::{Policy, PolicyError, PolicyErrors};
#[cfg(feature = "cache")]
use crate::origin::OriginSet;
use crate::origin::{Origin, OriginPattern};
#[cfg(feature = "cache")]
use crate::protection::Protection;

mod protection;
mod text;

/// A builder of a [`Policy`].
///
/// Start with [`Policy::builder`], which allows nothing, or with a preset such as [`PolicyBuilder::grpc_web`]. Lists
/// grow with every call. Of other settings, the last call counts. [`build`](Self::build) reports all mistakes at once.
///
/// A list narrows a preset that allows any: `PolicyBuilder::public().allow_methods(["GET"])` allows GET only. "Any" of
/// your own and a list of your own contradict each other, and `build` reports it, whichever comes first.
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
///
/// # Setters
///
/// | setter | what it changes | without it |
/// |---|---|---|
/// | [`allow_origin`](Self::allow_origin), [`allow_origins`](Self::allow_origins), [`allow_origin_values`](Self::allow_origin_values), [`allow_origins_text`](Self::allow_origins_text) | `Access-Control-Allow-Origin` | a mistake |
/// | [`allow_any_origin`](Self::allow_any_origin) | `Access-Control-Allow-Origin: *` | |
/// | [`allow_no_origin`](Self::allow_no_origin) | no origin is allowed, on purpose | |
/// | [`allow_origins_where`](Self::allow_origins_where) | the origins that a predicate accepts, too | none |
/// | [`allow_null_origin`](Self::allow_null_origin) | `null`, too | rejected |
/// | [`allow_file_origin`](Self::allow_file_origin) | `file://`, too | rejected |
/// | [`allow_local_network`](Self::allow_local_network) | pages of the local network, too | rejected |
/// | [`allow_method`](Self::allow_method), [`allow_methods`](Self::allow_methods), [`allow_methods_text`](Self::allow_methods_text), [`allow_any_method`](Self::allow_any_method) | `Access-Control-Allow-Methods` | GET, HEAD and POST |
/// | [`allow_header`](Self::allow_header), [`allow_headers`](Self::allow_headers), [`allow_headers_text`](Self::allow_headers_text), [`allow_any_header`](Self::allow_any_header), [`allow_mcp_parameters`](Self::allow_mcp_parameters) | `Access-Control-Allow-Headers` | the [safelisted ones](https://fetch.spec.whatwg.org/#cors-safelisted-request-header) |
/// | [`expose_header`](Self::expose_header), [`expose_headers`](Self::expose_headers), [`expose_headers_text`](Self::expose_headers_text), [`expose_any_header`](Self::expose_any_header) | `Access-Control-Expose-Headers` | the [safelisted ones](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name) |
/// | [`allow_credentials`](Self::allow_credentials) | `Access-Control-Allow-Credentials` | no credentials |
/// | [`max_age`](Self::max_age) | `Access-Control-Max-Age` | browsers assume 5 s |
/// | [`preflight_status`](Self::preflight_status) | the status of the answer to an allowed preflight | 204 |
/// | [`allow_private_network`](Self::allow_private_network) | `Access-Control-Allow-Private-Network` | not sent |
/// | [`allow_timing`](Self::allow_timing) | [`Timing-Allow-Origin`](https://w3c.github.io/resource-timing/#sec-timing-allow-origin) | not sent |
/// | [`enforce`](Self::enforce) | which requests are rejected before the service runs | none |
/// | [`hosts`](Self::hosts), [`local_hosts`](Self::local_hosts) | the hosts by which the service is reached | any |
/// | [`read_only`](Self::read_only) | with enforcement: an allowed origin may only read | it may do what it is allowed |
/// | [`trust_same_origin`](Self::trust_same_origin) | with enforcement: whether the service's own origin passes | it passes |
/// | [`dangerously_allow_insecure_origin`](Self::dangerously_allow_insecure_origin), [`dangerously_allow_insecure_origins`](Self::dangerously_allow_insecure_origins) | `http` origins with credentials | a mistake |
/// | [`dangerously_allow_any_origin_with_credentials`](Self::dangerously_allow_any_origin_with_credentials) | every origin with credentials | a mistake |
/// | [`dangerously_allow_file_origin_with_credentials`](Self::dangerously_allow_file_origin_with_credentials) | `file://` with credentials | a mistake |
/// | [`dangerously_allow_whole_scheme`](Self::dangerously_allow_whole_scheme) | every origin of a scheme, with credentials | a mistake |
/// | [`dangerously_allow_public_suffixes`](Self::dangerously_allow_public_suffixes) | names that anyone can register, with credentials | a mistake |
///
/// The headers are those of the [CORS protocol](https://fetch.spec.whatwg.org/#http-responses).
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyBuilder {
    pub(super) settings: Settings,
    /// The mistakes of texts that could not be parsed.
    pub(super) mistakes: Vec<PolicyError>,
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
    pub fn allow_origin(self, origin: impl OriginText) -> Self {
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
    pub fn allow_origins(mut self, origins: impl OriginTexts) -> Self {
        let mut is_empty = true;
        for text in origins {
            is_empty = false;
            if let Some(pattern) = self.pattern(text.as_ref()) {
                self.settings.origins.push(pattern);
            }
        }
        let settings = &mut self.settings;
        settings
            .origins_choice
            .list(&mut settings.any_origin, is_empty);
        self
    }

    /// Allows these origins, given as values of the header `Origin`, as other middleware takes them.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use tower_cors::Policy;
    ///
    /// let configured: Vec<HeaderValue> = vec![HeaderValue::from_static("https://app.example.com")];
    /// let policy = Policy::builder().allow_origin_values(&configured).build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// A value is read as [`allow_origins`](Self::allow_origins) reads its text. So a `*` in it is a wildcard:
    /// `http://localhost:*` matches every port.
    #[doc(alias = "AllowOrigin")]
    pub fn allow_origin_values<I>(self, values: I) -> Self
    where
        I: IntoIterator,
        I::Item: Borrow<HeaderValue>,
    {
        let texts = values
            .into_iter()
            .map(|value| String::from_utf8_lossy(value.borrow().as_bytes()).into_owned());
        self.allow_origins(texts)
    }

    /// Allows no origin, on purpose. Without any origin and without this call, [`build`](Self::build) fails.
    ///
    /// Use [`Policy::nobody`] if there is nothing else to set. Origins as well as this call are a mistake.
    ///
    /// ```
    /// use tower_cors::{Enforcement, Policy};
    ///
    /// let policy = Policy::builder().allow_no_origin().enforce(Enforcement::Block).build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[doc(alias = "nobody")]
    #[doc(alias = "none")]
    pub fn allow_no_origin(mut self) -> Self {
        let settings = &mut self.settings;
        settings.origins_choice.list(&mut settings.any_origin, true);
        settings.nobody = true;
        self
    }

    /// Parses a pattern, or notes the mistake.
    fn pattern(&mut self, text: &str) -> Option<OriginPattern> {
        if self.is_blank("origins", text) {
            return None;
        }
        text.parse()
            .map_err(|error| self.mistakes.push(PolicyError::MalformedPattern(error)))
            .ok()
    }

    /// Returns whether an entry of a list is blank, and notes the mistake.
    fn is_blank(&mut self, key: &'static str, text: &str) -> bool {
        let is_blank = text.trim().is_empty();
        if is_blank {
            self.mistakes.push(PolicyError::BlankEntry(key));
        }
        is_blank
    }

    /// Allows every origin, for responses that everyone may read.
    ///
    /// It sends `Access-Control-Allow-Origin: *` and excludes credentials. It includes `null`, `file://` and the local network, so
    /// to allow one of them as well is a mistake.
    #[doc(alias = "Any")]
    #[doc(alias = "AllowOrigin")]
    pub fn allow_any_origin(mut self) -> Self {
        let settings = &mut self.settings;
        settings
            .origins_choice
            .any(&mut settings.any_origin, &mut settings.origins);
        self
    }

    /// Allows the opaque origin, which serializes to `null`.
    ///
    /// Any site can send it, from a sandboxed frame. So it identifies nobody, and it excludes credentials.
    pub fn allow_null_origin(mut self, allow: bool) -> Self {
        self.settings.null_origin = allow;
        self
    }

    /// Allows `file://`, which some browsers and app shells send for every local file.
    ///
    /// Any file that a user saves and opens can send it. So it identifies nobody, and it excludes credentials. Pages of
    /// files send `null` instead in Firefox, and in Chromium unless it was started with
    /// `--allow-file-access-from-files`. No list, pattern or predicate allows it.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder().allow_file_origin(true).build()?;
    /// assert!(policy.allows(&"file://".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow_file_origin(mut self, allow: bool) -> Self {
        self.settings.file_origin = allow;
        self
    }

    /// Allows pages of the local network, for development: any port, over `http` or `https`, of
    ///
    /// - private and link-local addresses (`10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `169.254.0.0/16`, `fc00::/7`,
    ///   `fe80::/10`) and loopback addresses;
    /// - names that end with `.local`, which devices give themselves, and `localhost`.
    ///
    /// Any device of the network can serve such a page, in every network that a user joins. So it excludes credentials. Allow
    /// single hosts with [`dangerously_allow_insecure_origin`](Self::dangerously_allow_insecure_origin) instead.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder().allow_local_network(true).build()?;
    /// assert!(policy.allows(&"http://192.168.1.7:5173".parse()?));
    /// assert!(policy.allows(&"http://printer.local".parse()?));
    /// assert!(!policy.allows(&"http://192.168.1.7.example.com".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Standard
    ///
    /// [RFC 1918](https://www.rfc-editor.org/rfc/rfc1918), [RFC 3927](https://www.rfc-editor.org/rfc/rfc3927),
    /// [RFC 4193](https://www.rfc-editor.org/rfc/rfc4193), [RFC 6762](https://www.rfc-editor.org/rfc/rfc6762)
    #[doc(alias = "private_network")]
    pub fn allow_local_network(mut self, allow: bool) -> Self {
        self.settings.local_network = allow;
        self
    }

    /// Allows the origins for which `predicate` returns `true`, in addition to those that are listed.
    ///
    /// The predicate is called with well-formed origins that no list allows, never with `null` or `file://`. If it panics,
    /// the request is rejected.
    ///
    /// With credentials, it is held to the rules of lists:
    ///
    /// - [`build`](Self::build) calls it with invented origins: unknown names, names under suffixes of hosting services such
    ///   as `vercel.app`, and look-alikes of the first 16 listed origins. If it accepts one, other sites could impersonate your
    ///   users, so that is a mistake.
    /// - A request is rejected with
    ///   [`PredicateAcceptsStrangers`](crate::Rejection::PredicateAcceptsStrangers) if the predicate also accepts an invented
    ///   neighbor of its origin: the same name with another label at its public suffix, as
    ///   `https://myapp-7fdcabefd.vercel.app`, with another end, or with `_` for a dot. So a comparison of prefixes or
    ///   suffixes is found when the first page uses it. [`dangerously_allow_public_suffixes`](Self::dangerously_allow_public_suffixes) allows other labels.
    /// - Neither finds a predicate that accepts single names of third parties. `testing::assert_safe` tries more names.
    /// - An `http` origin that it accepts is rejected, except on the user's machine, unless
    ///   [`dangerously_allow_insecure_origin`](Self::dangerously_allow_insecure_origin) lists it.
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
    /// It runs at every request from an origin that is not listed, before the service. Keep it short. With credentials, it is
    /// called with up to 40 neighbors of an origin that it accepts, mostly five or six. The policy remembers 64 origins whose
    /// neighbors were rejected, and does not call it for those again.
    #[doc(alias = "predicate")]
    #[doc(alias = "mirror_request")]
    #[doc(alias = "AllowOrigin")]
    pub fn allow_origins_where<F>(mut self, predicate: F) -> Self
    where
        F: Fn(&Origin) -> bool + Send + Sync + 'static,
    {
        let settings = &mut self.settings;
        settings
            .origins_choice
            .list(&mut settings.any_origin, false);
        settings.predicate = Some(Arc::new(predicate));
        settings.everyone_on_purpose = false;
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
    pub fn allow_method(self, method: impl Name) -> Self {
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
    pub fn allow_methods(mut self, methods: impl Names) -> Self {
        let mut is_empty = true;
        for text in methods {
            is_empty = false;
            if self.is_blank("methods", text.as_ref()) {
                continue;
            }
            match check::method(text.as_ref()) {
                Ok(method) => self.settings.methods.push(method),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        let settings = &mut self.settings;
        settings
            .methods_choice
            .list(&mut settings.any_method, is_empty);
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
        let settings = &mut self.settings;
        settings
            .methods_choice
            .any(&mut settings.any_method, &mut settings.methods);
        self
    }

    /// Allows a request header: see [`allow_headers`](Self::allow_headers).
    #[doc(alias = "AllowHeaders")]
    pub fn allow_header(self, header: impl Name) -> Self {
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
    pub fn allow_headers(mut self, headers: impl Names) -> Self {
        let mut is_empty = true;
        for text in headers {
            is_empty = false;
            if self.is_blank("headers", text.as_ref()) {
                continue;
            }
            match check::request_header(text.as_ref()) {
                Ok(name) => self.settings.headers.push(name),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        let settings = &mut self.settings;
        settings
            .headers_choice
            .list(&mut settings.any_header, is_empty);
        self
    }

    /// Sets whether pages may send parameters of tools in headers `Mcp-Param-*`, as clients of the Model Context Protocol
    /// do since revision 2026-07-28.
    ///
    /// The names are in the `x-mcp-header` fields of your tools. No list in a policy can know them if tools change while
    /// the server runs. So the policy adds the requested names with this prefix to the headers that it allows. A
    /// preflight that requests more than 4 KiB of names is rejected. It is safe to allow all of them: a page that may call a tool chooses its parameters anyway, and
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
    /// [Any header](Self::allow_any_header) includes them, so both are a mistake.
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
        self.settings.mcp_parameters_by_caller = allow;
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
        let settings = &mut self.settings;
        settings
            .headers_choice
            .any(&mut settings.any_header, &mut settings.headers);
        self
    }

    /// Lets pages read a response header: see [`expose_headers`](Self::expose_headers).
    #[doc(alias = "ExposeHeaders")]
    pub fn expose_header(self, header: impl Name) -> Self {
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
    pub fn expose_headers(mut self, headers: impl Names) -> Self {
        let mut is_empty = true;
        for text in headers {
            is_empty = false;
            if self.is_blank("expose", text.as_ref()) {
                continue;
            }
            match check::exposed_header(text.as_ref()) {
                Ok(name) => self.settings.exposed.push(name),
                Err(mistake) => self.mistakes.push(mistake),
            }
        }
        let settings = &mut self.settings;
        settings
            .exposed_choice
            .list(&mut settings.expose_any, is_empty);
        self
    }

    /// Lets pages read every response header.
    ///
    /// It excludes credentials, because with them browsers treat `*` literally.
    #[doc(alias = "Any")]
    #[doc(alias = "ExposeHeaders")]
    pub fn expose_any_header(mut self) -> Self {
        let settings = &mut self.settings;
        settings
            .exposed_choice
            .any(&mut settings.expose_any, &mut settings.exposed);
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

    /// Allows an `http` origin, or the origins that an `http` [pattern](crate::OriginPattern) matches, also with
    /// credentials. It lets a network attacker impersonate your users, between their browser and that host.
    ///
    /// It is for a host of a local network that has no TLS. Other `http` origins stay a mistake. It adds to the origins of
    /// earlier calls. In the base of `DynamicPolicies::from_predicate`, the predicate still decides about the origin.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder()
    ///     .allow_origin("https://app.example.com")
    ///     .dangerously_allow_insecure_origin("http://nas")
    ///     .allow_credentials(true)
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn dangerously_allow_insecure_origin(mut self, origin: impl OriginText) -> Self {
        if let Some(pattern) = self.pattern(origin.as_ref()) {
            self.settings.listed_insecure.push(pattern);
        }
        let settings = &mut self.settings;
        settings
            .origins_choice
            .list(&mut settings.any_origin, false);
        self
    }

    /// Allows every origin with credentials, by its own value and never by `*`. It lets every site read what your users
    /// may read, and act as them.
    ///
    /// It is for responses that do not depend on cookies although pages send them, such as of a beacon with JSON. It
    /// replaces a [predicate](Self::allow_origins_where). The opaque origin `null` stays rejected.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder()
    ///     .dangerously_allow_any_origin_with_credentials()
    ///     .allow_headers(["content-type"])
    ///     .build()?;
    /// assert!(policy.allows(&"https://any.example".parse().unwrap()));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[doc(alias = "very_permissive")]
    #[doc(alias = "mirror_request")]
    pub fn dangerously_allow_any_origin_with_credentials(self) -> Self {
        let mut builder = self.allow_origins_where(|_| true).allow_credentials(true);
        builder.settings.everyone_on_purpose = true;
        builder.settings.insecure_origins = true;
        builder
    }

    /// Accepts `file://` with credentials. It lets every file that a user opens impersonate that user.
    ///
    /// It is for app shells that load their pages from files and no others, such as Cordova with
    /// `AndroidInsecureFileModeEnabled`.
    pub fn dangerously_allow_file_origin_with_credentials(mut self) -> Self {
        self.settings.file_origin_with_credentials = true;
        self
    }

    /// Allows every host of a scheme, such as `moz-extension://*`, also with credentials. It lets every extension or app
    /// with that scheme impersonate your users.
    ///
    /// Other whole schemes stay a mistake. It adds to the origins of earlier calls.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder()
    ///     .dangerously_allow_whole_scheme("moz-extension://*")
    ///     .allow_credentials(true)
    ///     .build()?;
    /// assert!(policy.allows(&"moz-extension://0a0b0c0d-0000-4000-8000-000000000000".parse().unwrap()));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn dangerously_allow_whole_scheme(mut self, pattern: impl OriginText) -> Self {
        if let Ok(pattern) = pattern.as_ref().parse() {
            self.settings.whole_scheme_exceptions.push(pattern);
        }
        self.allow_origin(pattern)
    }

    /// Accepts patterns such as `https://*.github.io` and `https://app-*.vercel.app` with credentials. It lets third parties who own such a subdomain
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

    /// Builds the policy without the entries that are harmless mistakes, and calls `warn` for each of them.
    ///
    /// An operator's typing error then does not stop the service. Leaving out a harmless mistake never allows more than
    /// was written: see [`PolicyError::is_harmless`]. A Max-Age over a day becomes a day. If no origin is left, the policy
    /// allows nobody, and [`NoOrigins`](PolicyError::NoOrigins) is among the warnings.
    ///
    /// ```
    /// use tower_cors::{Policy, PolicyError};
    ///
    /// let mut skipped = Vec::new();
    /// let policy = Policy::builder()
    ///     .allow_origins(["https://app.example.com", "https://shop.example.com/"])
    ///     .allow_headers(["content-type", "cookie"])
    ///     .build_skipping_harmless(|mistake| skipped.push(mistake))?;
    /// assert_eq!(policy.origins().map(|origins| origins.len()), Some(1));
    /// assert_eq!(skipped.len(), 2);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns all mistakes, the harmless ones too, if one of them is not harmless. `warn` is not called then.
    pub fn build_skipping_harmless(
        self,
        mut warn: impl FnMut(PolicyError),
    ) -> Result<Policy, PolicyErrors> {
        let mut errors = self.mistakes;
        let mut settings = self.settings;
        check::check_origins(&settings, &mut errors);
        check::check(&settings, &mut errors);
        if !errors.iter().all(PolicyError::is_harmless) {
            return Err(PolicyErrors::new(errors));
        }
        check::leave_out_harmless(&mut settings);
        if !check::allows_somebody(&settings) && !settings.nobody {
            settings.nobody = true;
            if !errors.contains(&PolicyError::NoOrigins) {
                errors.push(PolicyError::NoOrigins);
            }
        }
        errors.into_iter().for_each(&mut warn);
        Ok(Policy::compile(settings))
    }

    /// Builds a policy whose origins an asynchronous predicate decides about. The policy itself allows none.
    #[cfg(feature = "cache")]
    pub(crate) fn build_for_lookup(self) -> Result<Policy, PolicyErrors> {
        let mut errors = self.mistakes;
        let mut settings = self.settings;
        check::check_no_origins(&settings, &mut errors);
        check::check(&settings, &mut errors);
        PolicyErrors::check(errors)?;
        // The predicate decides about them.
        settings.listed_insecure.clear();
        Ok(Policy::compile(settings))
    }

    /// Returns the `http` origins that may be allowed although the policy allows credentials, or `None` if all may be.
    #[cfg(feature = "cache")]
    pub(crate) fn allowed_insecure_origins(&self) -> Option<OriginSet> {
        let rejects = self.settings.credentials && !self.settings.insecure_origins;
        rejects.then(|| self.settings.listed_insecure.iter().cloned().collect())
    }

    /// Checks that the policy can be the base of a snapshot, whose origins are loaded. Returns the base and its Max-Age.
    #[cfg(feature = "cache")]
    pub(crate) fn into_snapshot_base(self) -> Result<(SnapshotBase, Duration), PolicyErrors> {
        let Self {
            settings,
            mistakes: mut errors,
        } = self;
        check::check_no_origins(&settings, &mut errors);
        check::check(&settings, &mut errors);
        let max_age = settings.max_age.unwrap_or_default();
        let max_age = Duration::from_secs(max_age.as_secs());
        if max_age.is_zero() {
            errors.push(PolicyError::SnapshotWithoutMaxAge);
        }
        PolicyErrors::check(errors)?;
        Ok((SnapshotBase(settings), max_age))
    }

    pub(super) fn into_preset(mut self) -> Self {
        self.settings = self.settings.into_preset();
        self
    }
}

#[cfg(feature = "cache")]
impl Policy {
    /// Returns what the origins occupy, to free it step by step, or `None` if another clone is left.
    pub(crate) fn into_origins(self) -> Option<impl Iterator<Item = Box<[u8]>> + Send> {
        match Arc::into_inner(self.0)?.origins {
            AllowedOrigins::Any => None,
            AllowedOrigins::Some { set, .. } => Some(set.into_texts()),
        }
    }
}

/// A policy whose origins are loaded.
#[cfg(feature = "cache")]
pub(crate) struct SnapshotBase(Settings);

#[cfg(feature = "cache")]
impl SnapshotBase {
    /// Returns the protection of the policy, which does not depend on its origins.
    pub(crate) fn protection(&self) -> Protection {
        self.policy(OriginSet::default())
            .compiled()
            .protection
            .clone()
    }

    /// Parses and checks an origin as [`PolicyBuilder::allow_origins`] and [`PolicyBuilder::build`] do.
    pub(crate) fn parse(&self, text: &str) -> Result<OriginPattern, PolicyError> {
        if text.trim().is_empty() {
            return Err(PolicyError::BlankEntry("origins"));
        }
        let pattern = text.parse().map_err(PolicyError::MalformedPattern)?;
        match check::origin_mistake(&self.0, &pattern) {
            None => Ok(pattern),
            Some(mistake) => Err(mistake),
        }
    }

    /// Returns the policy of these origins.
    pub(crate) fn policy(&self, origins: OriginSet) -> Policy {
        let mut settings = self.0.clone();
        // They are exceptions for the origins that are loaded, and not allowed by themselves.
        settings.listed_insecure.clear();
        Policy::compile_with(settings, origins)
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
