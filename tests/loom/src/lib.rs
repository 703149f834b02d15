//! The tests beside this library are models of `earmark::engine`'s link.
