//! Benches of the core: `cargo bench --package fdreactor-benches`.
