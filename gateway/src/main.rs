//! The binary `thingwire`: see the library's README.

fn main() {}
