//! What outlives the process: a small trait over ordered tables, and the journal that commits in groups.
