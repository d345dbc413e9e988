//! Two states that grew from one: what both sides want, and who wins where they disagree.

use alloc::vec::Vec;

use super::format::{Member, Members, OpenObject, Value};
use super::{compare, newest_stamp};
use crate::time::EpochSeconds;

/// Who wins where both sides changed a member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    Local,
    Remote,
    Newest,
}

/// A level of the three states.
struct Frame<'a> {
    base: Members<'a>,
    local: Members<'a>,
    remote: Members<'a>,
    object: Option<OpenObject>,
}

/// Appends the merge of `local` and `remote`, both grown from `base`. Returns how many members both
/// sides had changed, each in its own way.
pub(crate) fn three_way(
    base: Members<'_>,
    local: Members<'_>,
    remote: Members<'_>,
    pick: Pick,
    out: &mut Vec<u8>,
) -> usize {
    let mut conflicts = 0_usize;
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut frame = Frame {
        base,
        local,
        remote,
        object: None,
    };
    loop {
        let (local, remote) = match (frame.local.split(), frame.remote.split()) {
            (None, None) => {
                if let Some(object) = frame.object {
                    object.end(out);
                }
                match frames.pop() {
                    Some(outer) => frame = outer,
                    None => return conflicts,
                }
                continue;
            }
            (Some((l, rest)), Some((r, _))) if l.name < r.name => {
                frame.local = rest;
                (Some(l), None)
            }
            (Some((l, rest_l)), Some((r, rest_r))) if l.name == r.name => {
                frame.local = rest_l;
                frame.remote = rest_r;
                (Some(l), Some(r))
            }
            (Some((l, rest)), None) => {
                frame.local = rest;
                (Some(l), None)
            }
            (_, Some((r, rest))) => {
                frame.remote = rest;
                (None, Some(r))
            }
        };
        let Some(name) = local.or(remote).map(|member| member.name) else {
            continue;
        };
        let base = frame.base.seek(name).1;
        if let (
            Some(Member {
                value: Value::Object(l),
                ..
            }),
            Some(Member {
                value: Value::Object(r),
                ..
            }),
        ) = (local, remote)
        {
            let base = match base {
                Some(Member {
                    value: Value::Object(base),
                    ..
                }) => base,
                _ => Members::default(),
            };
            let object = Some(OpenObject::begin(name, 0, out));
            let next = Frame {
                base,
                local: l,
                remote: r,
                object,
            };
            frames.push(core::mem::replace(&mut frame, next));
            continue;
        }
        let winner = if same(local, remote) || same(local, base) {
            remote
        } else if same(remote, base) {
            local
        } else {
            conflicts = conflicts.saturating_add(1);
            match pick {
                Pick::Local => local,
                Pick::Remote => remote,
                // A deletion left no stamp behind, so it cannot be the newest.
                Pick::Newest if newest(local) > newest(remote) => local,
                Pick::Newest => remote.or(local),
            }
        };
        if let Some(winner) = winner {
            out.extend_from_slice(winner.raw);
        }
    }
}

fn same(a: Option<Member<'_>>, b: Option<Member<'_>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => compare(Members(a.raw), Members(b.raw)),
        _ => false,
    }
}

/// The newest stamp in a member; an object without leaves has the oldest there is.
fn newest(member: Option<Member<'_>>) -> Option<EpochSeconds> {
    Some(newest_stamp(Members(member?.raw)).unwrap_or_default())
}
