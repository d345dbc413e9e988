//! Streams around streams: what they hand on as it is.

/// The methods of [`AsyncWrite`](tokio::io::AsyncWrite) that hand bytes on to a field: all but `poll_shutdown`.
macro_rules! writes_through {
    ($field:ident) => {
        fn poll_write(
            mut self: ::core::pin::Pin<&mut Self>,
            cx: &mut ::core::task::Context<'_>,
            bytes: &[u8],
        ) -> ::core::task::Poll<::std::io::Result<usize>> {
            ::core::pin::Pin::new(&mut self.$field).poll_write(cx, bytes)
        }

        fn poll_write_vectored(
            mut self: ::core::pin::Pin<&mut Self>,
            cx: &mut ::core::task::Context<'_>,
            slices: &[::std::io::IoSlice<'_>],
        ) -> ::core::task::Poll<::std::io::Result<usize>> {
            ::core::pin::Pin::new(&mut self.$field).poll_write_vectored(cx, slices)
        }

        fn is_write_vectored(&self) -> bool {
            self.$field.is_write_vectored()
        }

        fn poll_flush(
            mut self: ::core::pin::Pin<&mut Self>,
            cx: &mut ::core::task::Context<'_>,
        ) -> ::core::task::Poll<::std::io::Result<()>> {
            ::core::pin::Pin::new(&mut self.$field).poll_flush(cx)
        }
    };
}

pub(crate) use writes_through;
