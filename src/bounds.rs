//! The requirements of the layer and the builder on what they are given. The compiler's message names the way out.

use crate::source::PolicySource;

/// A service that can be cloned.
///
/// Every service that is `Clone` implements it. [`Cors`](crate::Cors) clones the inner service for two reasons:
///
/// - If the layer responds itself, it releases what `poll_ready` reserved, such as a permit of a concurrency limit.
/// - If a request waits for a lookup that may block it, the ready service waits too, and a clone is left behind.
///
/// A service that is not `Clone` needs a buffer between it and the layer:
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, service_fn, util::BoxService};
/// use tower_cors::CorsLayer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let not_clone = BoxService::new(service_fn(async |_: Request<String>| {
///     Ok::<_, Infallible>(Response::new("hello".to_owned()))
/// }));
/// let service = ServiceBuilder::new()
///     .layer(CorsLayer::permissive())
///     .buffer(64)
///     .service(not_clone);
/// # tower::ServiceExt::oneshot(service, Request::new(String::new())).await.unwrap();
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Clone`, so a `CorsLayer` cannot wrap it",
    label = "this service is not `Clone`",
    note = "put a buffer between the layer and the service: `ServiceBuilder::new().layer(cors).buffer(64).service(..)`",
    note = "or box it with `tower::util::BoxCloneSyncService` instead of `BoxService`"
)]
pub trait CloneService: Clone {}

#[diagnostic::do_not_recommend]
impl<S: Clone> CloneService for S {}

/// A response body that can be empty.
///
/// Every body that is `Default` implements it. [`Cors`](crate::Cors) answers preflights with the default body.
///
/// The bodies of some layers are not `Default`, such as that of `TraceLayer`. Add the `CorsLayer` inside of such a layer,
/// or convert the body:
///
/// ```
/// use axum::{Router, body::Body};
/// use tower::ServiceBuilder;
/// use tower_cors::CorsLayer;
/// use tower_http::{map_response_body::MapResponseBodyLayer, trace::TraceLayer};
///
/// let app: Router = Router::new().layer(
///     ServiceBuilder::new()
///         .layer(CorsLayer::permissive())
///         .layer(MapResponseBodyLayer::new(Body::new))
///         .layer(TraceLayer::new_for_http()),
/// );
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not `Default`, so a `CorsLayer` cannot answer preflights with it",
    label = "this response body is not `Default`",
    note = "add the `CorsLayer` inside of the layer that changes the body",
    note = "or convert the body between the two, in Axum with `tower_http`'s `MapResponseBodyLayer::new(axum::body::Body::new)`"
)]
pub trait EmptyBody: Default {}

#[diagnostic::do_not_recommend]
impl<B: Default> EmptyBody for B {}

/// A list of origins and patterns as texts, such as `[&str; N]`, `Vec<String>` or `Vec<OriginPattern>`.
///
/// Every list of texts implements it. [`PolicyBuilder::allow_origins`](crate::PolicyBuilder::allow_origins) takes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of origins as texts",
    label = "this is not a list of texts",
    note = "for one origin, write `.allow_origin(origin)`",
    note = "for `HeaderValue`s, write `.allow_origin_values(values)`; for one, `.allow_origin_values([value])`",
    note = "for the text of an operator, such as `*` or `https://a.example,https://b.example`, write `.allow_origins_text(text)`"
)]
pub trait OriginTexts: IntoIterator<Item: AsRef<str>> {}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: AsRef<str>>> OriginTexts for I {}

/// An origin or a pattern as text, such as `&str`, `String` or [`OriginPattern`](crate::OriginPattern).
///
/// Every text implements it. [`PolicyBuilder::allow_origin`](crate::PolicyBuilder::allow_origin) takes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an origin as text",
    label = "this is not a text",
    note = "for several origins, write `.allow_origins(origins)`",
    note = "for a `HeaderValue`, write `.allow_origin_values([value])`",
    note = "for a function of the origin, write `.allow_origins_where(function)`"
)]
pub trait OriginText: AsRef<str> {}

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>> OriginText for T {}

/// A list of the names of methods or headers, such as `[&str; N]`, `Vec<Method>` or `[HeaderName; N]`.
///
/// Every list of texts implements it. [`PolicyBuilder::allow_methods`](crate::PolicyBuilder::allow_methods) and
/// [`allow_headers`](crate::PolicyBuilder::allow_headers) take it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of names",
    label = "this is not a list of texts, methods or header names",
    note = "for one name, write `.allow_method(name)`, `.allow_header(name)` or `.expose_header(name)`",
    note = "for every name, write `.allow_any_method()`, `.allow_any_header()` or `.expose_any_header()`",
    note = "for the text of an operator, such as `*` or `PUT,DELETE`, write `.allow_methods_text(text)`, \
            `.allow_headers_text(text)` or `.expose_headers_text(text)`"
)]
pub trait Names: IntoIterator<Item: AsRef<str>> {}

#[diagnostic::do_not_recommend]
impl<I: IntoIterator<Item: AsRef<str>>> Names for I {}

/// The name of a method or a header, such as `&str`, [`Method`](http::Method) or [`HeaderName`](http::HeaderName).
///
/// Every text implements it. [`PolicyBuilder::allow_method`](crate::PolicyBuilder::allow_method) and
/// [`allow_header`](crate::PolicyBuilder::allow_header) take it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a name",
    label = "this is not a text, a method or a header name",
    note = "for several names, write `.allow_methods(names)`, `.allow_headers(names)` or `.expose_headers(names)`"
)]
pub trait Name: AsRef<str> {}

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>> Name for T {}

/// What [`CorsLayer::new`](crate::CorsLayer::new) takes: a [`PolicySource`], or what converts into one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of policies",
    label = "this is not a policy or another source of policies",
    note = "build a `PolicyBuilder` or `PolicyConfig` first: `CorsLayer::new(builder.build()?)`",
    note = "convert a `Vec<Policy>` with `PolicyList::try_from(policies)?`",
    note = "for a policy that allows nobody, write `CorsLayer::new(Policy::nobody())`"
)]
pub trait PolicySources: Into<PolicySource> {}

#[diagnostic::do_not_recommend]
impl<T: Into<PolicySource>> PolicySources for T {}
