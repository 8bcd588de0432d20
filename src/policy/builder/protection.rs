//! The settings of the builder that stop requests before the service.

use super::PolicyBuilder;
use crate::enforce::Enforcement;
use crate::host::HostSet;
use crate::policy::PolicyError;

impl PolicyBuilder {
    /// Sets what happens to requests that pages of other origins must not send: see [`Enforcement`]. The default is
    /// [`Off`](Enforcement::Off).
    ///
    /// The layer and the source can enforce more: the strictest setting counts. In a list of policies, the strictest
    /// setting of all of them counts for every request. In `PathPolicies`, a path has the setting of its own source, and
    /// paths that no pattern matches have the strictest setting of all patterns.
    ///
    /// If any origin is allowed, only [hosts](Self::hosts) and [`read_only`](Self::read_only) reject something. Without
    /// both, this is a mistake.
    ///
    /// ```
    /// use tower_cors::{Enforcement, Policy};
    ///
    /// let policy = Policy::builder()
    ///     .allow_origins(["https://app.example.com"])
    ///     .enforce(Enforcement::Block)
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[doc(alias = "csrf")]
    pub fn enforce(mut self, enforcement: Enforcement) -> Self {
        self.settings.enforcement = enforcement;
        self
    }

    /// Rejects requests that were sent to another host than these, given as text: see [`HostPattern`](crate::HostPattern). It stops
    /// DNS rebinding.
    ///
    /// It adds to the hosts of earlier calls. It needs [`enforce`](Self::enforce). Every request is checked, whatever its
    /// method, with and without `Origin`, also preflights and WebSocket upgrades:
    ///
    /// - A request to another host gets 421 (Misdirected Request).
    /// - A request gets 400 if `Host` is missing, repeated, no host, or differs from the host of the request's target.
    ///
    /// Behind a proxy, list the host that the proxy sends to the service. Proxies that replace `Host` hide DNS rebinding
    /// from the service, so configure them to keep it, or to accept known hosts only. `X-Forwarded-Host` is not read,
    /// because any client can set it.
    ///
    /// ```
    /// use tower_cors::{Enforcement, Policy};
    ///
    /// let policy = Policy::builder()
    ///     .allow_origins(["https://app.example.com"])
    ///     .enforce(Enforcement::Block)
    ///     .hosts(["api.example.com"])
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Standard
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-7.4>
    #[doc(alias = "allowed_hosts")]
    #[doc(alias = "dns_rebinding")]
    pub fn hosts<I>(mut self, hosts: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let listed = self.settings.hosts.get_or_insert_default();
        for text in hosts {
            match text.as_ref().parse() {
                Ok(host) => listed.push(host),
                Err(error) => self.mistakes.push(PolicyError::MalformedHost(error)),
            }
        }
        self
    }

    /// Rejects requests that were sent to another host than `localhost`, `127.0.0.1` and `[::1]`, at any port, for a
    /// server on the user's own machine: see [`hosts`](Self::hosts).
    pub fn local_hosts(mut self) -> Self {
        let listed = self.settings.hosts.get_or_insert_default();
        listed.extend(HostSet::local().iter().cloned());
        self
    }

    /// Sets whether enforcement lets the allowed origins use the methods GET, HEAD and OPTIONS only. The default is
    /// `false`.
    ///
    /// It needs [`enforce`](Self::enforce). Other methods and WebSocket upgrades are rejected with 403, unless another
    /// policy of a list allows the origin, or the page is one of the service's own. Browsers need no permission for POST,
    /// so no list of methods can stop it. A list that names another method contradicts it, which is a mistake.
    ///
    /// ```
    /// use tower_cors::{CorsLayer, Enforcement, Policy};
    ///
    /// // Anyone may read. Only our pages may send POST, also with a form.
    /// let ours = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
    /// let everyone = Policy::builder()
    ///     .allow_any_origin()
    ///     .read_only(true)
    ///     .enforce(Enforcement::Block)
    ///     .build()?;
    /// let layer = CorsLayer::new([ours, everyone]);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.settings.read_only = read_only;
        self
    }

    /// Sets whether [`Enforcement`] lets requests of the service's own pages pass although no list names their origin. The
    /// default is `true`.
    ///
    /// Under DNS rebinding an attacker's page looks to the service like one of its own. So list the
    /// [hosts](Self::hosts) of a service on a private network or on the user's own machine. `false` alone does not stop
    /// DNS rebinding, because browsers send no `Origin` with a GET of their own site.
    ///
    /// `false` needs [`enforce`](Self::enforce). If any origin is allowed, so are the service's own pages: `false` is then a
    /// mistake, unless the policy is [read-only](Self::read_only).
    pub fn trust_same_origin(mut self, trust: bool) -> Self {
        self.settings.trust_same_origin = trust;
        self.settings.distrusts_by_caller = !trust;
        self
    }
}
