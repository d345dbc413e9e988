use bytes::{Buf, Bytes, BytesMut};

/// What a packet keeps its frame in: `&[u8]` for a view, [`Bytes`] for an owned packet.
///
/// Sealed: a packet is a proof about its bytes, and the bytes must not change under it.
///
/// ```
/// use mqtt_codec::{PacketId, PubAck};
///
/// let owned: PubAck = PubAck::new(PacketId::MIN);
/// let view: PubAck<&[u8]> = owned.as_view();
/// assert_eq!(view.to_owned_packet(), owned);
/// ```
pub trait Storage: AsRef<[u8]> + Clone + Default + sealed::Sealed {}

impl Storage for &[u8] {}
impl Storage for Bytes {}

pub(crate) mod sealed {
    /// Closes a trait to other crates.
    #[expect(unnameable_types, reason = "that it cannot be named is what seals")]
    pub trait Sealed {}
    impl Sealed for &[u8] {}
    impl Sealed for bytes::Bytes {}
}

/// Where one whole frame comes from; what is kept of it is taken only after it was judged.
pub(crate) trait Source<S: Storage> {
    fn frame(&self) -> &[u8];
    /// Takes the frame out, keeping it.
    fn take(self) -> S;
    /// Takes the frame out, keeping nothing: for packets that are nothing but numbers.
    fn discard(self);
}

pub(crate) struct SliceSource<'a>(pub(crate) &'a [u8]);

impl<'a> Source<&'a [u8]> for SliceSource<'a> {
    #[inline]
    fn frame(&self) -> &[u8] {
        self.0
    }
    #[inline]
    fn take(self) -> &'a [u8] {
        self.0
    }
    #[inline]
    fn discard(self) {}
}

/// The first `len` bytes of a buffer; `len` never exceeds what the buffer holds.
pub(crate) struct BufferSource<'a> {
    pub(crate) buffer: &'a mut BytesMut,
    pub(crate) len: usize,
}

impl Source<Bytes> for BufferSource<'_> {
    #[inline]
    fn frame(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
    #[inline]
    fn take(self) -> Bytes {
        self.buffer.split_to(self.len).freeze()
    }
    // Advancing costs a tenth of splitting: no reference count is touched.
    #[inline]
    fn discard(self) {
        self.buffer.advance(self.len);
    }
}

pub(crate) struct FrameSource(pub(crate) Bytes);

impl Source<Bytes> for FrameSource {
    #[inline]
    fn frame(&self) -> &[u8] {
        &self.0
    }
    #[inline]
    fn take(self) -> Bytes {
        self.0
    }
    #[inline]
    fn discard(self) {}
}
