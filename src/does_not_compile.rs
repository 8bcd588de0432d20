//! Code that must not compile, each next to a version that does.

/// Enums that may grow must have a wildcard arm.
///
/// ```
/// use tower_cors::{Allowed, Enforcement, OriginErrorKind, PolicyError};
/// # use http::Method;
///
/// fn enforcement(value: Enforcement) { match value { Enforcement::Off | Enforcement::Report | Enforcement::Block => {} _ => {} } }
/// fn allowed(value: Allowed<'_, Method>) { match value { Allowed::Any | Allowed::Only(_) => {} _ => {} } }
/// fn error(value: PolicyError) { match value { PolicyError::MethodCase { given: _, .. } => {} _ => {} } }
/// ```
///
/// ```compile_fail,E0004
/// use tower_cors::Enforcement;
///
/// fn enforcement(value: Enforcement) { match value { Enforcement::Off | Enforcement::Report | Enforcement::Block => {} } }
/// ```
///
/// ```compile_fail,E0004
/// # use http::Method;
/// use tower_cors::Allowed;
///
/// fn allowed(value: Allowed<'_, Method>) { match value { Allowed::Any | Allowed::Only(_) => {} } }
/// ```
///
/// ```compile_fail,E0638
/// use tower_cors::PolicyError;
///
/// fn error(value: PolicyError) { match value { PolicyError::MethodCase { given: _, standard: _ } => {} _ => {} } }
/// ```
///
/// ```compile_fail,E0638
/// use tower_cors::PolicyError;
///
/// fn error(value: PolicyError) {
///     match value { PolicyError::PublicSuffixWithCredentials { pattern: _, below: _ } => {} _ => {} }
/// }
/// ```
struct MayGrow;

/// A list must not be one text, and one value must not be a list.
///
/// ```
/// let builder = tower_cors::Policy::builder().allow_methods(["PUT"]).allow_method("PUT").allow_origin("https://a.com");
/// ```
///
/// ```compile_fail,E0277
/// let builder = tower_cors::Policy::builder().allow_methods("PUT");
/// ```
///
/// ```compile_fail,E0277
/// let builder = tower_cors::Policy::builder().allow_method(["PUT"]);
/// ```
///
/// ```compile_fail,E0277
/// let builder = tower_cors::Policy::builder().allow_origin(["https://a.com"]);
/// ```
struct OneOrMany;

/// The opaque origin is no pattern, so the conversion must be able to fail.
///
/// ```
/// let origin: tower_cors::Origin = "https://a.com".parse().unwrap();
/// let pattern: tower_cors::OriginPattern = origin.try_into().unwrap();
/// ```
///
/// ```compile_fail,E0277
/// let origin: tower_cors::Origin = "https://a.com".parse().unwrap();
/// let pattern: tower_cors::OriginPattern = origin.into();
/// ```
struct OpaqueOrigin;
