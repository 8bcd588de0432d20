//! What the builder takes: texts and lists of texts. The compiler's message names the way out.

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
