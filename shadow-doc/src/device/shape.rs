//! What of a state can be set, and in which parts.

use alloc::vec::Vec;

use crate::json;
use crate::patch::Patch;
use crate::tree::{self, Members, OpenObject, Value};

/// How a [`ShadowState`](crate::ShadowState) takes changes: as one value, or member by member.
///
/// The derive writes it; whoever implements the trait says it for the type's
/// [`Patch`](crate::ShadowState::Patch).
///
/// ```
/// use shadow_doc::{ShadowState, Shape};
///
/// #[derive(Default, serde::Serialize, ShadowState)]
/// struct Lamp {
///     level: u8,
///     #[shadow(report_only)]
///     hours: u32,
/// }
///
/// let Shape::Members(members) = Lamp::shape() else { panic!() };
/// assert!(matches!(members, [("level", _), ("hours", _)]));
/// assert!(matches!(members[1].1(), Shape::ReportOnly));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Shape {
    /// One value, replaced as a whole: a scalar, a list, an opaque object.
    Whole,
    /// Reported by the device and set by nobody.
    ReportOnly,
    /// An object with these members, by the names that serde writes. A function for each, so that a
    /// type can hold itself.
    Members(&'static [MemberShape]),
    /// An object with members of any name, all of this shape.
    Entries(fn() -> Self),
}

/// A member's name, and how it takes changes.
type MemberShape = (&'static str, fn() -> Shape);

impl Shape {
    /// The shape of a member; `None` if nothing of that name can be set.
    fn member(self, name: &[u8]) -> Option<Self> {
        let shape = match self {
            Self::Members(members) => {
                let name = json::unescape(name);
                let (_, shape) = members.iter().find(|(known, _)| *known == name)?;
                shape()
            }
            Self::Entries(shape) => shape(),
            Self::Whole | Self::ReportOnly => return None,
        };
        (!matches!(shape, Self::ReportOnly)).then_some(shape)
    }

    const fn has_members(self) -> bool {
        matches!(self, Self::Members(_) | Self::Entries(_))
    }
}

/// What of `patch` can be set. Where it changes a part of a value that is replaced as a whole, the
/// whole is taken from `target`, the state that the patch leads to.
pub(super) fn settable(patch: &Patch, target: Members<'_>, shape: Shape) -> Patch {
    if patch.is_empty() || matches!(shape, Shape::ReportOnly) {
        return Patch::default();
    }
    if !shape.has_members() {
        return Patch::from_members(target.0.to_vec());
    }
    let mut out = Vec::with_capacity(patch.members().0.len());
    let mut outer: Vec<(Members<'_>, Members<'_>, Shape, OpenObject)> = Vec::new();
    let (mut here, mut target, mut shape) = (patch.members(), target, shape);
    loop {
        let Some((member, rest)) = here.split() else {
            let Some((next, next_target, next_shape, object)) = outer.pop() else {
                return Patch::from_members(out);
            };
            object.end_or_drop(&mut out);
            (here, target, shape) = (next, next_target, next_shape);
            continue;
        };
        here = rest;
        let Some(inner) = shape.member(member.name) else {
            continue;
        };
        let Value::Object(content) = member.value else {
            out.extend_from_slice(member.raw);
            continue;
        };
        let whole = target.seek(member.name).1;
        if inner.has_members() && !content.is_empty() {
            let object = OpenObject::begin(member.name, 0, &mut out);
            outer.push((here, target, shape, object));
            here = content;
            target = match whole.map(|whole| whole.value) {
                Some(Value::Object(members)) => members,
                _ => Members::default(),
            };
            shape = inner;
        } else {
            out.extend_from_slice(whole.unwrap_or(member).raw);
        }
    }
}

/// A level of the patch that is being split.
struct Level<'a> {
    here: Members<'a>,
    wish: Members<'a>,
    shape: Shape,
    name: &'a [u8],
    objects: [OpenObject; 2],
}

/// Splits a patch into what `fits` and what does not, as far as its parts can be set on their own. A
/// value that is replaced as a whole and does not fit is tried once more as `wish` has it: an enum
/// whose variants are objects is not what both make together.
pub(super) fn split(
    patch: &Patch,
    wish: Members<'_>,
    shape: Shape,
    fits: impl Fn(&Patch) -> bool,
) -> [Patch; 2] {
    if !shape.has_members() {
        return [Patch::default(), patch.clone()];
    }
    let (mut fitting, mut unfit) = (Vec::new(), Vec::new());
    let mut outer: Vec<Level<'_>> = Vec::new();
    let (mut here, mut wish, mut shape) = (patch.members(), wish, shape);
    loop {
        let Some((member, rest)) = here.split() else {
            let Some(level) = outer.pop() else {
                return [fitting, unfit].map(Patch::from_members);
            };
            let [fitting_object, unfit_object] = level.objects;
            fitting_object.end_or_drop(&mut fitting);
            unfit_object.end_or_drop(&mut unfit);
            (here, wish, shape) = (level.here, level.wish, level.shape);
            continue;
        };
        here = rest;
        let wished = wish.seek(member.name).1;
        let inner = shape.member(member.name).unwrap_or(Shape::Whole);
        if let Value::Object(content) = member.value
            && inner.has_members()
            && !content.is_empty()
        {
            let objects =
                [&mut fitting, &mut unfit].map(|out| OpenObject::begin(member.name, 0, out));
            let name = member.name;
            outer.push(Level {
                here,
                wish,
                shape,
                name,
                objects,
            });
            here = content;
            wish = match wished.map(|wished| wished.value) {
                Some(Value::Object(members)) => members,
                _ => Members::default(),
            };
            shape = inner;
            continue;
        }
        let alone = |raw: &[u8]| {
            let mut part = Vec::new();
            let open: Vec<OpenObject> = outer
                .iter()
                .map(|level| OpenObject::begin(level.name, 0, &mut part))
                .collect();
            part.extend_from_slice(raw);
            for object in open.into_iter().rev() {
                object.end(&mut part);
            }
            Patch::from_members(part)
        };
        if fits(&alone(member.raw)) {
            fitting.extend_from_slice(member.raw);
        } else if let Some(wished) = wished
            && fits(&alone(wished.raw))
        {
            fitting.extend_from_slice(wished.raw);
        } else {
            unfit.extend_from_slice(member.raw);
        }
    }
}

/// A level of what is gone; all of `before` if `gone` is `None`.
struct Going<'a> {
    gone: Option<Members<'a>>,
    before: Members<'a>,
    shape: Shape,
    object: Option<OpenObject>,
}

/// What members that have left `desired` mean for the device, as nulls: `gone` is the patch that took
/// them from `before`. The members of a struct go one by one, for only those that stood there are
/// meant; the entry of a map goes as one.
pub(super) fn removable(gone: Members<'_>, before: Members<'_>, shape: Shape) -> Patch {
    let mut out = Vec::new();
    let mut outer: Vec<Going<'_>> = Vec::new();
    let mut level = Going {
        gone: Some(gone),
        before,
        shape,
        object: None,
    };
    loop {
        // The name, what of it is gone (`None` for all), and what was there.
        let next = match &mut level.gone {
            Some(gone) => gone.next().map(|member| {
                let before = level.before.seek(member.name).1;
                let part = match member.value {
                    Value::Object(part) => Some(part),
                    Value::Leaf { .. } | Value::Null => None,
                };
                (member, part, before.map(|before| before.value))
            }),
            None => level
                .before
                .next()
                .map(|member| (member, None, Some(member.value))),
        };
        let Some((member, part, before)) = next else {
            if let Some(object) = level.object {
                object.end_or_drop(&mut out);
            }
            match outer.pop() {
                Some(next) => level = next,
                None => return Patch::from_members(out),
            }
            continue;
        };
        let Some(shape) = level.shape.member(member.name) else {
            continue;
        };
        let is_entry = matches!(level.shape, Shape::Entries(_));
        match (before, part) {
            (Some(Value::Object(before)), part)
                if shape.has_members() && (part.is_some() || !is_entry) =>
            {
                let object = Some(OpenObject::begin(member.name, 0, &mut out));
                let next = Going {
                    gone: part,
                    before,
                    shape,
                    object,
                };
                outer.push(core::mem::replace(&mut level, next));
            }
            (_, None) => tree::push_null(member.name, &mut out),
            // Part of a value that is replaced as a whole: whoever applies it knows what is left.
            (_, Some(_)) => out.extend_from_slice(member.raw),
        }
    }
}
