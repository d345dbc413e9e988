/// What a stranger's Certificate message may ask of the server before a signature is looked at, and after.
///
/// The defaults hold a message to less than a millisecond. A message that breaks a limit is refused whoever sent it.
///
/// ```
/// use tls_auth::Limits;
///
/// let limits = Limits::default().with_certificates(4).with_signatures(6);
/// assert_eq!(limits.certificates(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    certificates: usize,
    bytes: usize,
    names: usize,
    same_name: usize,
    depth: usize,
    signatures: u32,
    comparisons: u32,
    loops: bool,
}

/// 8 certificates, 16 KiB, 64 names, 2 certificates of one name, 6 intermediates, 12 signatures, 10,000 comparisons of names.
impl Default for Limits {
    fn default() -> Self {
        Self {
            certificates: 8,
            bytes: 16 * 1024,
            names: 64,
            same_name: 2,
            depth: 6,
            signatures: 12,
            comparisons: 10_000,
            loops: false,
        }
    }
}

impl Limits {
    /// How many certificates a message may hold, the device's own among them.
    #[must_use]
    pub fn with_certificates(self, certificates: usize) -> Self {
        Self {
            certificates,
            ..self
        }
    }

    /// How many bytes the certificates of a message may have together.
    #[must_use]
    pub fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// How many attributes and alternative names one certificate may have.
    #[must_use]
    pub fn with_names(self, names: usize) -> Self {
        Self { names, ..self }
    }

    /// How many intermediates of a message may have one subject.
    #[must_use]
    pub fn with_same_name(self, same_name: usize) -> Self {
        Self { same_name, ..self }
    }

    /// How many intermediates a path may have; no more than 6 are walked whatever this says.
    #[must_use]
    pub fn with_depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// How many signatures of certificates are verified for a message.
    #[must_use]
    pub fn with_signatures(self, signatures: u32) -> Self {
        Self { signatures, ..self }
    }

    /// How many names are compared with constraints for a message.
    #[must_use]
    pub fn with_comparisons(self, comparisons: u32) -> Self {
        Self {
            comparisons,
            ..self
        }
    }

    /// Whether intermediates that issue one another in a circle are looked at, as where two organizations certify each
    /// other. With more than a few of them the time to look is no longer bounded by a millisecond.
    #[must_use]
    pub fn dangerous_with_loops(self, loops: bool) -> Self {
        Self { loops, ..self }
    }

    /// See [`Limits::with_certificates`].
    #[must_use]
    pub fn certificates(&self) -> usize {
        self.certificates
    }

    /// See [`Limits::with_bytes`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// See [`Limits::with_names`].
    #[must_use]
    pub fn names(&self) -> usize {
        self.names
    }

    /// See [`Limits::with_same_name`].
    #[must_use]
    pub fn same_name(&self) -> usize {
        self.same_name
    }

    /// See [`Limits::with_depth`].
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// See [`Limits::with_signatures`].
    #[must_use]
    pub fn signatures(&self) -> u32 {
        self.signatures
    }

    pub(crate) fn refuses_loops(&self) -> bool {
        !self.loops
    }

    /// See [`Limits::with_comparisons`].
    #[must_use]
    pub fn comparisons(&self) -> u32 {
        self.comparisons
    }
}
