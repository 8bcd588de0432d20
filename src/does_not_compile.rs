//! Code that must not compile, each next to a version that does.

/// Enums that may grow must have a wildcard arm.
///
/// ```
/// use http::Method;
/// use tower_cors::{Allowed, Enforcement, PolicyError};
///
/// fn name(enforcement: Enforcement) -> &'static str {
///     match enforcement {
///         Enforcement::Off | Enforcement::Report | Enforcement::Block => "known",
///         _ => "new",
///     }
/// }
/// fn count(allowed: Allowed<'_, Method>) -> Option<usize> {
///     match allowed {
///         Allowed::Only(listed) => Some(listed.len()),
///         Allowed::Any => None,
///         _ => None,
///     }
/// }
/// fn is_fatal(error: PolicyError) -> bool {
///     match error {
///         PolicyError::MethodCase { given: _, standard: _, .. } => false,
///         PolicyError::PublicSuffixWithCredentials { pattern: _, below: _, .. } => false,
///         _ => true,
///     }
/// }
/// ```
///
/// ```compile_fail,E0004
/// fn name(enforcement: tower_cors::Enforcement) -> &'static str {
///     use tower_cors::Enforcement;
///     match enforcement {
///         Enforcement::Off | Enforcement::Report | Enforcement::Block => "known",
///     }
/// }
/// ```
///
/// ```compile_fail,E0004
/// fn count(allowed: tower_cors::Allowed<'_, http::Method>) -> Option<usize> {
///     use tower_cors::Allowed;
///     match allowed {
///         Allowed::Only(listed) => Some(listed.len()),
///         Allowed::Any => None,
///     }
/// }
/// ```
///
/// ```compile_fail,E0638
/// fn is_fatal(error: tower_cors::PolicyError) -> bool {
///     !matches!(error, tower_cors::PolicyError::MethodCase { given: _, standard: _ })
/// }
/// ```
///
/// ```compile_fail,E0638
/// fn is_fatal(error: tower_cors::PolicyError) -> bool {
///     use tower_cors::PolicyError;
///     match error {
///         PolicyError::PublicSuffixWithCredentials { pattern: _, below: _ } => false,
///         _ => true,
///     }
/// }
/// ```
struct MayGrow;

/// A list must not be one text, and one value must not be a list.
///
/// ```
/// let builder = tower_cors::Policy::builder();
/// let builder = builder.allow_methods(["PUT"]).allow_method("PUT");
/// let builder = builder.allow_origin("https://a.com");
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
