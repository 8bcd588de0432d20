//! Policy sources: from a source comes the policy for a request.

use std::borrow::Cow;
use std::sync::Arc;

use http::Request;

#[cfg(feature = "path")]
use crate::decision::Rejection;
use crate::evaluate::PolicySet;
use crate::policy::Policy;
use crate::protection::Protection;
use crate::request::RequestOrigin;

mod handle;
mod list;
#[cfg(feature = "cache")]
mod lookup;
#[cfg(feature = "path")]
mod path;
#[cfg(feature = "cache")]
mod snapshot;

pub use handle::PolicyHandle;
pub use list::{EmptyPolicyList, ListedPolicy, PolicyList};
#[cfg(feature = "cache")]
pub use lookup::{DynamicPolicies, PolicyLookup};
#[cfg(feature = "cache")]
pub(crate) use lookup::{Lookup, LookupAnswer};
#[cfg(feature = "path")]
pub use path::{PathError, PathErrorKind, PathErrors};
#[cfg(feature = "cache")]
pub use snapshot::{SnapshotError, SnapshotPolicies, SnapshotStatus};

/// The source of the policy for each request, which [`CorsLayer::new`](crate::CorsLayer::new) takes.
///
/// | source | which policy answers a request |
/// |---|---|
/// | [`Policy`] | this policy |
/// | `[Policy; N]`, [`PolicyList`] | the first policy that allows the request's origin |
/// | [`PolicyHandle`] | the policy that stands, which can be replaced while requests run |
/// | `SnapshotPolicies` | one policy, whose origins are loaded again and again (feature `cache`) |
/// | `PathPolicies` | the source of the pattern that matches the path (feature `path`) |
/// | `DynamicPolicies` | the policy that a cached, asynchronous lookup returns (feature `cache`) |
///
/// ```
/// use tower_cors::{CorsLayer, Policy};
///
/// // Cookies for our own pages, anonymous reading for all others.
/// let ours = Policy::builder()
///     .allow_origins(["https://app.example.com"])
///     .allow_credentials(true)
///     .build()?;
/// let everyone = Policy::permissive();
/// let layer = CorsLayer::new([ours, everyone]);
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// A source always has a policy. No policies at all would reject every request, so they do not compile:
///
/// ```compile_fail,E0080
/// let layer = tower_cors::CorsLayer::new([]);
/// ```
#[derive(Clone, Debug)]
pub struct PolicySource(Source);

#[derive(Clone, Debug)]
enum Source {
    One(Policy),
    FirstOf(Arc<list::ProtectedPolicies>),
    Handle(PolicyHandle),
    List(Arc<list::ReplaceableList>),
    #[cfg(feature = "path")]
    Paths(PathPolicies),
    #[cfg(feature = "cache")]
    Dynamic(DynamicPolicies),
    #[cfg(feature = "cache")]
    Snapshot(SnapshotPolicies),
}

impl From<Policy> for PolicySource {
    fn from(policy: Policy) -> Self {
        Self(Source::One(policy))
    }
}

impl<const N: usize> From<[Policy; N]> for PolicySource {
    /// The first policy that allows the request's origin answers. An array of length 0 does not compile.
    fn from(policies: [Policy; N]) -> Self {
        PolicyList::from(policies).into()
    }
}

impl From<PolicyList> for PolicySource {
    fn from(list: PolicyList) -> Self {
        Self(match list.constant() {
            Some(policies) if policies.len() == 1 => Source::One(policies[0].clone()),
            Some(policies) => Source::FirstOf(Arc::new(list::ProtectedPolicies::new(policies))),
            None => Source::List(Arc::new(list::ReplaceableList::new(list))),
        })
    }
}

impl From<PolicyHandle> for PolicySource {
    fn from(handle: PolicyHandle) -> Self {
        Self(Source::Handle(handle))
    }
}

#[cfg(feature = "path")]
impl From<PathPolicies> for PolicySource {
    fn from(paths: PathPolicies) -> Self {
        Self(Source::Paths(paths))
    }
}

#[cfg(feature = "cache")]
impl From<DynamicPolicies> for PolicySource {
    fn from(dynamic: DynamicPolicies) -> Self {
        Self(Source::Dynamic(dynamic))
    }
}

#[cfg(feature = "cache")]
impl From<SnapshotPolicies> for PolicySource {
    fn from(snapshot: SnapshotPolicies) -> Self {
        Self(Source::Snapshot(snapshot))
    }
}

impl PolicySource {
    /// Returns the policies that answer all requests, if they never change.
    pub(crate) fn constant_policies(&self) -> Option<&[Policy]> {
        match &self.0 {
            Source::One(policy) => Some(std::slice::from_ref(policy)),
            Source::FirstOf(list) => Some(&list.policies),
            _ => None,
        }
    }

    /// Finds the policies that may answer a request.
    #[cfg_attr(
        not(any(feature = "cache", feature = "path")),
        expect(unused_variables, reason = "only paths and lookups read the request")
    )]
    #[cfg_attr(
        all(feature = "path", not(feature = "cache")),
        expect(
            clippy::only_used_in_recursion,
            reason = "only lookups read the origin"
        )
    )]
    pub(crate) fn resolve<B>(
        &self,
        request: &Request<B>,
        origin: RequestOrigin<'_>,
    ) -> Resolved<'_> {
        match &self.0 {
            Source::One(policy) => Resolved::Policies(
                PolicySet::FirstOf(std::slice::from_ref(policy)),
                Cow::Borrowed(&policy.compiled().protection),
            ),
            Source::FirstOf(list) => Resolved::Policies(
                PolicySet::FirstOf(&list.policies),
                Cow::Borrowed(&list.protection),
            ),
            Source::Handle(handle) => Resolved::Loaded(Loaded::Policy(handle.load())),
            Source::List(list) => Resolved::Loaded(Loaded::List(list.load())),
            #[cfg(feature = "path")]
            Source::Paths(paths) => match paths.0.paths.at(request.uri().path()) {
                Some(source) => source.resolve(request, origin),
                None => Resolved::Policies(
                    PolicySet::None(Rejection::PathNotEnabled),
                    paths.0.protection(),
                ),
            },
            #[cfg(feature = "cache")]
            Source::Dynamic(dynamic) => {
                Resolved::Lookup(dynamic.lookup(request, origin), dynamic.protection())
            }
            #[cfg(feature = "cache")]
            Source::Snapshot(snapshot) => {
                Resolved::Snapshot(snapshot.load(), snapshot.protection())
            }
        }
    }

    /// Returns the protection that holds if nothing else is known of a request.
    #[cfg(feature = "path")]
    fn protection(&self) -> Cow<'_, Protection> {
        match &self.0 {
            Source::One(policy) => Cow::Borrowed(&policy.compiled().protection),
            Source::FirstOf(list) => Cow::Borrowed(&list.protection),
            Source::Handle(handle) => Cow::Owned(handle.load().compiled().protection.clone()),
            Source::List(list) => Cow::Owned(list.load().protection.clone()),
            Source::Paths(paths) => paths.0.protection(),
            #[cfg(feature = "cache")]
            Source::Dynamic(dynamic) => dynamic.protection(),
            #[cfg(feature = "cache")]
            Source::Snapshot(snapshot) => Cow::Borrowed(snapshot.protection()),
        }
    }

    /// Returns whether the protection can change while requests run, because a policy can be replaced.
    #[cfg(feature = "path")]
    fn is_replaceable(&self) -> bool {
        match &self.0 {
            Source::One(_) | Source::FirstOf(_) => false,
            // Its protection is that of its base.
            #[cfg(feature = "cache")]
            Source::Snapshot(_) => false,
            Source::Handle(_) | Source::List(_) => true,
            Source::Paths(paths) => !paths.0.replaceable.is_empty(),
            #[cfg(feature = "cache")]
            Source::Dynamic(dynamic) => dynamic.is_replaceable(),
        }
    }
}

/// The policies that may answer a request, and the protection of their source.
pub(crate) enum Resolved<'a> {
    Policies(PolicySet<'a>, Cow<'a, Protection>),
    /// Policies that may be replaced before the next request.
    Loaded(Loaded),
    /// The cached answer of a lookup, or the lookup that will give it.
    #[cfg(feature = "cache")]
    Lookup(Result<LookupAnswer, Lookup>, Cow<'a, Protection>),
    /// What a snapshot allows now.
    #[cfg(feature = "cache")]
    Snapshot(snapshot::Loaded, &'a Protection),
}

impl Resolved<'_> {
    /// Returns the policies that may answer the request, or the lookup that has to end before.
    #[cfg_attr(
        not(feature = "cache"),
        expect(clippy::unnecessary_wraps, reason = "only lookups have to end")
    )]
    pub(crate) fn policies(&self) -> Result<PolicySet<'_>, Lookup> {
        Ok(match self {
            Self::Policies(policies, _) => *policies,
            Self::Loaded(loaded) => loaded.policies(),
            #[cfg(feature = "cache")]
            Self::Lookup(Ok(answer), _) => answer.policies(),
            #[cfg(feature = "cache")]
            Self::Lookup(Err(lookup), _) => return Err(lookup.clone()),
            #[cfg(feature = "cache")]
            Self::Snapshot(loaded, _) => loaded.policies(),
        })
    }

    /// Returns the protection of the source, to keep it until a lookup ends.
    #[cfg(feature = "cache")]
    pub(crate) fn into_protection(self) -> Protection {
        let [source, _] = self.protections();
        source.clone()
    }

    /// Returns the protections of the source and of the looked-up policy.
    #[inline]
    pub(crate) fn protections(&self) -> [&Protection; 2] {
        match self {
            Self::Policies(_, protection) => [protection, &Protection::OFF],
            Self::Loaded(loaded) => [loaded.protection(), &Protection::OFF],
            #[cfg(feature = "cache")]
            Self::Lookup(Ok(answer), protection) => [protection, answer.protection()],
            #[cfg(feature = "cache")]
            Self::Lookup(Err(_), protection) => [protection, &Protection::OFF],
            #[cfg(feature = "cache")]
            Self::Snapshot(_, protection) => [protection, &Protection::OFF],
        }
    }
}

/// Policies that stood when the request came.
pub(crate) enum Loaded {
    Policy(handle::LoadedPolicy),
    List(list::LoadedList),
}

impl Loaded {
    fn policies(&self) -> PolicySet<'_> {
        PolicySet::FirstOf(match self {
            Self::Policy(policy) => std::slice::from_ref(&**policy),
            Self::List(list) => &list.policies,
        })
    }

    fn protection(&self) -> &Protection {
        match self {
            Self::Policy(policy) => &policy.compiled().protection,
            Self::List(list) => &list.protection,
        }
    }
}

/// Without the feature `cache` nothing is looked up.
#[cfg(not(feature = "cache"))]
pub(crate) type Lookup = std::convert::Infallible;

/// A policy, or another [source](PolicySource), for each pattern of paths.
///
/// Patterns have the syntax of Axum's routes: `/users/{id}`, `/files/{*path}`. If no pattern matches a path, its
/// preflights are rejected and its responses get no CORS headers. The [enforcement](crate::PolicyBuilder::enforce) of such
/// a path is the strictest of all patterns. A path that a pattern matches has the enforcement of its own source, so that
/// one path can accept forms of other sites.
///
/// ```
/// use tower_cors::{CorsLayer, PathPolicies, Policy};
///
/// let ours = Policy::builder()
///     .allow_origins(["https://app.example.com"])
///     .allow_credentials(true)
///     .build()?;
/// let everyone = Policy::builder().allow_any_origin().build()?;
/// let layer = CorsLayer::new(PathPolicies::new([
///     ("/account/{*rest}", ours),
///     ("/public/{*rest}", everyone),
/// ])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Sources of different types are converted to [`PolicySource`]:
///
/// ```
/// use tower_cors::{CorsLayer, PathPolicies, Policy, PolicyHandle, PolicySource};
///
/// let everyone = Policy::builder().allow_any_origin().build()?;
/// let partners = PolicyHandle::new(
///     Policy::builder().allow_origins(["https://partner.example"]).build()?,
/// );
/// let layer = CorsLayer::new(PathPolicies::new([
///     ("/partners/{*rest}", PolicySource::from(partners.clone())),
///     ("/public/{*rest}", everyone.into()),
/// ])?);
/// // Later, from any thread:
/// partners.replace(Policy::builder().allow_origins(["https://new.example"]).build()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Which pattern matches
///
/// The path is matched as it was received. It is not decoded, and `..` and `//` are not resolved. Axum's router reads it
/// the same way, so a request gets the policy of the route that serves it. If a router rewrites paths before it selects a
/// route, add a layer to each route instead.
///
/// `/files/{*path}` matches everything below `/files/`, but neither `/files` nor `/files/`. List those as well if they
/// have routes.
///
/// # Cost
///
/// A request walks its path once, however many patterns there are, and allocates nothing. Cloning increments one
/// reference count.
#[cfg(feature = "path")]
#[derive(Clone)]
#[doc(alias = "route")]
pub struct PathPolicies(Arc<ProtectedPaths>);

#[cfg(feature = "path")]
struct ProtectedPaths {
    paths: path::Paths<PolicySource>,
    /// The strictest protection of the sources that never change.
    constant: Protection,
    /// The sources that can change.
    replaceable: Vec<PolicySource>,
}

#[cfg(feature = "path")]
impl ProtectedPaths {
    /// Returns the protection of paths that no pattern matches.
    fn protection(&self) -> Cow<'_, Protection> {
        if self.replaceable.is_empty() {
            return Cow::Borrowed(&self.constant);
        }
        let current: Vec<_> = self
            .replaceable
            .iter()
            .map(PolicySource::protection)
            .collect();
        let current = current.iter().map(AsRef::as_ref);
        Cow::Owned(Protection::strictest(current.chain([&self.constant])))
    }
}

#[cfg(feature = "path")]
impl PathPolicies {
    /// Creates policies by path pattern.
    ///
    /// # Errors
    ///
    /// All mistakes at once, each with the pattern to write instead if there is one. See [`PathErrorKind`].
    ///
    /// ```
    /// use tower_cors::{PathPolicies, Policy};
    ///
    /// let everyone = Policy::builder().allow_any_origin().build()?;
    /// let errors = PathPolicies::new([("/files/*", everyone.clone()), ("users/:id", everyone)])
    ///     .unwrap_err();
    /// let help: Vec<_> = errors.iter().map(|error| error.suggestion()).collect();
    /// assert_eq!(help, [Some("/files/{*rest}"), Some("/users/{id}")]);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn new<P, S>(policies: impl IntoIterator<Item = (P, S)>) -> Result<Self, PathErrors>
    where
        P: Into<String>,
        S: Into<PolicySource>,
    {
        let entries: Vec<(String, PolicySource)> = policies
            .into_iter()
            .map(|(pattern, source)| (pattern.into(), source.into()))
            .collect();
        let sources = entries.iter().map(|(_, source)| source.clone());
        let (replaceable, constant): (Vec<_>, Vec<_>) =
            sources.partition(PolicySource::is_replaceable);
        let constant: Vec<_> = constant.iter().map(PolicySource::protection).collect();
        Ok(Self(Arc::new(ProtectedPaths {
            constant: Protection::strictest(constant.iter().map(AsRef::as_ref)),
            replaceable,
            paths: path::Paths::new(entries)?,
        })))
    }
}

#[cfg(feature = "path")]
impl std::fmt::Debug for PathPolicies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PathPolicies").finish_non_exhaustive()
    }
}
