//! The canonical URI (IAM User Guide, "Create a signed AWS API request", step 1).

use super::escape::{check, is_forbidden, push_encoded_except};

/// How the path enters the canonical request: services differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PathRules {
    /// Encode the path as it was sent once more, as every service but S3 does.
    pub(crate) double_encode: bool,
    /// Remove `.` and `..` segments and empty segments, as every service but S3 does.
    pub(crate) normalize: bool,
}

/// What to do with a `..` that would climb above the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AboveRoot {
    /// RFC 3986 §5.2.4 and every signer: the root is its own parent.
    Clamp,
    /// What was asked for and what was signed would be two resources.
    Refuse,
}

/// Whether `path` can stand in a request line at all; else the offset of the byte that cannot.
pub(crate) fn check_path(path: &[u8]) -> Result<(), usize> {
    match path.first() {
        None | Some(b'/') => check(path),
        Some(_) => Err(0),
    }
}

/// Appends the canonical form of a path that passed [`check_path`]. Fails with the offset of a `..` above the root.
pub(crate) fn push_path(
    out: &mut Vec<u8>,
    path: &[u8],
    rules: PathRules,
    above_root: AboveRoot,
) -> Result<(), usize> {
    if path.is_empty() {
        out.push(b'/');
        return Ok(());
    }
    let plain = !path
        .windows(2)
        .any(|pair| matches!(pair, [b'/', b'/' | b'.']));
    if plain || !rules.normalize {
        push_text(out, path, rules);
        return Ok(());
    }
    let base = out.len();
    let mut at = 0_usize;
    for segment in path.split(|&byte| byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                if out.len() == base && above_root == AboveRoot::Refuse {
                    return Err(at);
                }
                // An encoded segment holds no `/`, so the last one starts the segment to remove.
                let written = out.get(base..).unwrap_or(&[]);
                let parent = written.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
                out.truncate(base.saturating_add(parent));
            }
            _ => {
                out.push(b'/');
                push_text(out, segment, rules);
            }
        }
        at = at.saturating_add(segment.len()).saturating_add(1);
    }
    // A directory stays one: `/a/` is not `/a`. A trailing `.` or `..` leaves no slash, as in botocore, aws-sigv4 and the AWS suite.
    if path.ends_with(b"/") || out.len() == base {
        out.push(b'/');
    }
    Ok(())
}

/// Where the first segment is that normalizing takes away: `.`, `..`, or an empty one that is not the last.
pub(crate) fn first_removed(path: &[u8]) -> Option<usize> {
    let mut at = 1_usize;
    let mut segments = path
        .strip_prefix(b"/")?
        .split(|&byte| byte == b'/')
        .peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if matches!(segment, b"." | b"..") || (segment.is_empty() && !is_last) {
            return Some(at);
        }
        at = at.saturating_add(segment.len()).saturating_add(1);
    }
    None
}

fn push_text(out: &mut Vec<u8>, text: &[u8], rules: PathRules) {
    if rules.double_encode {
        push_encoded_except(out, text, |byte| byte == b'/');
    } else {
        // The path is literal, spelling and all; only what a request line cannot carry is escaped.
        push_encoded_except(out, text, |byte| byte.is_ascii() && !is_forbidden(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERIC: PathRules = PathRules {
        double_encode: true,
        normalize: true,
    };
    const S3: PathRules = PathRules {
        double_encode: false,
        normalize: false,
    };

    fn path(raw: &str, rules: PathRules) -> String {
        let mut out = Vec::new();
        push_path(&mut out, raw.as_bytes(), rules, AboveRoot::Clamp).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// BC-063.
    #[test]
    fn paths_by_service() {
        for (raw, generic, s3) in [
            ("", "/", "/"),
            ("/", "/", "/"),
            ("//", "/", "//"),
            ("/a/", "/a/", "/a/"),
            ("/a//b", "/a/b", "/a//b"),
            ("/a/./b", "/a/b", "/a/./b"),
            ("/a/../b", "/b", "/a/../b"),
            ("/a/b/..", "/a", "/a/b/.."),
            ("/a/.", "/a", "/a/."),
            ("/a/..", "/", "/a/.."),
            ("/../x", "/x", "/../x"),
            ("/a/../../b/", "/b/", "/a/../../b/"),
            ("/a%20b", "/a%2520b", "/a%20b"),
            ("/a%2Fb", "/a%252Fb", "/a%2Fb"),
            ("/a%2fb", "/a%252fb", "/a%2fb"),
            ("/%2e%2e/x", "/%252e%252e/x", "/%2e%2e/x"),
            ("/a+b", "/a%2Bb", "/a+b"),
            (
                "/a!b'(c)*;=@:,&$d",
                "/a%21b%27%28c%29%2A%3B%3D%40%3A%2C%26%24d",
                "/a!b'(c)*;=@:,&$d",
            ),
            ("/.../x", "/.../x", "/.../x"),
            ("/a/.b/..c", "/a/.b/..c", "/a/.b/..c"),
            ("/\u{20ac}", "/%E2%82%AC", "/%E2%82%AC"),
        ] {
            assert_eq!(path(raw, GENERIC), generic, "{raw} generic");
            assert_eq!(path(raw, S3), s3, "{raw} S3");
        }
    }

    #[test]
    fn the_four_combinations_differ() {
        let rules = |double_encode, normalize| PathRules {
            double_encode,
            normalize,
        };
        assert_eq!(path("/a%20b/../c%20d", rules(true, true)), "/c%2520d");
        assert_eq!(
            path("/a%20b/../c%20d", rules(true, false)),
            "/a%2520b/../c%2520d"
        );
        assert_eq!(path("/a%20b/../c%20d", rules(false, true)), "/c%20d");
        assert_eq!(
            path("/a%20b/../c%20d", rules(false, false)),
            "/a%20b/../c%20d"
        );
    }

    #[test]
    fn climbing_above_the_root_is_found_where_it_happens() {
        let refuse =
            |raw: &str| push_path(&mut Vec::new(), raw.as_bytes(), GENERIC, AboveRoot::Refuse);
        assert_eq!(refuse("/../a"), Err(1));
        assert_eq!(refuse("/a/../../b"), Err(6));
        assert_eq!(refuse("/./..//x"), Err(3));
        assert_eq!(refuse("/a/../b"), Ok(()));
        assert_eq!(refuse("/..a/...//"), Ok(()));
    }

    #[test]
    fn a_segment_is_found_exactly_where_normalizing_removes_one() {
        for (raw, at) in [
            ("", None),
            ("/", None),
            ("/a", None),
            ("/a/", None),
            ("/a/.b/..c/...", None),
            ("//", Some(1)),
            ("//a", Some(1)),
            ("/a//", Some(3)),
            ("/a//b", Some(3)),
            ("/a/./b", Some(3)),
            ("/a/b/..", Some(5)),
            ("/.", Some(1)),
        ] {
            assert_eq!(first_removed(raw.as_bytes()), at, "{raw}");
            let literal = PathRules {
                double_encode: false,
                ..GENERIC
            };
            let same = path(raw, literal) == raw || raw.is_empty();
            assert_eq!(same, at.is_none(), "{raw}");
        }
    }

    #[test]
    fn what_is_not_a_path_is_refused() {
        for (raw, at) in [
            ("*", 0),
            ("a/b", 0),
            ("http://h/", 0),
            ("/a b", 2),
            ("/a\n", 2),
            ("/%4", 1),
            ("/a#b", 2),
        ] {
            assert_eq!(check_path(raw.as_bytes()), Err(at), "{raw:?}");
        }
        assert_eq!(check_path(b""), Ok(()));
    }
}
