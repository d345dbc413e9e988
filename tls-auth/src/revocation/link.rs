use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::authority::Issuer;
use crate::certificate::{Certificate, GeneralName};
use crate::der::{Malformed, Reader, Tag};

/// A certificate of a path, as its issuer's revocation list knows it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) serial: Box<[u8]>,
    pub(crate) is_ca: bool,
    /// The URIs of the points where its list is to be had, one after another.
    points: Vec<Box<str>>,
}

impl Link {
    pub(crate) fn new(certificate: &Certificate<'_>, issuer: Arc<Issuer>, is_ca: bool) -> Self {
        // What cannot be read names no point, and no list of a point is about it then.
        let points = certificate
            .extensions()
            .crl_distribution_points
            .and_then(|contents| points(contents).ok())
            .unwrap_or_default();
        Self {
            issuer,
            serial: certificate.serial_number().into(),
            is_ca,
            points,
        }
    }

    /// Whether its list is to be had at one of these.
    pub(crate) fn is_at(&self, names: &[Box<str>]) -> bool {
        self.points.iter().any(|point| names.contains(point))
    }
}

/// RFC 5280 §4.2.1.13. Points for some reasons only, or with another issuer of lists, are not used.
fn points(contents: &[u8]) -> Result<Vec<Box<str>>, Malformed> {
    let mut points = Vec::new();
    let mut list = Reader::new(contents);
    while !list.is_empty() {
        let mut point = list.sequence("")?;
        let name = point.optional(Tag::constructed(0), "")?;
        if let (Some(name), true) = (name, point.is_empty()) {
            read_point_name(name, &mut points)?;
        }
    }
    Ok(points)
}

/// The URIs of a `DistributionPointName`.
pub(super) fn read_point_name(name: &[u8], uris: &mut Vec<Box<str>>) -> Result<(), Malformed> {
    const WHAT: &str = "the distribution point";
    let full = Reader::all(name, WHAT, |reader| {
        reader.optional(Tag::constructed(0), WHAT)
    });
    let Ok(Some(full)) = full else {
        // Relative to the issuer's name: nobody uses it.
        return Ok(());
    };
    let mut names = Reader::new(full);
    while !names.is_empty() {
        if let GeneralName::Uri(uri) = GeneralName::read(&mut names, WHAT)? {
            uris.push(uri.into());
        }
    }
    Ok(())
}
