use std::future::poll_fn;
use std::pin::pin;

use bytes::{Buf, Bytes, BytesMut};

use super::Error;
use crate::ErrorKind;
use crate::error::BoxError;

/// Reads a body whole.
pub(super) async fn gather<B, E>(body: B, most: usize) -> Result<Bytes, Error<E>>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    let too_long = || {
        Error::Refused(crate::Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "a request is read into memory to be attributed and signed, and this one's body is \
                 longer than the {most} bytes that max_body allows"
            ),
        ))
    };
    if body.size_hint().lower() > most as u64 {
        return Err(too_long());
    }
    let mut body = pin!(body);
    let mut gathered = Gathered::default();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| Error::Body(error.into()))?;
        let Ok(mut data) = frame.into_data() else {
            return Err(Error::Refused(crate::Error::new(
                ErrorKind::InvalidArgument,
                "a request with trailers cannot be attributed and signed; send it without",
            )));
        };
        if gathered.len() + data.remaining() > most {
            return Err(too_long());
        }
        gathered.push(data.copy_to_bytes(data.remaining()));
    }
    Ok(gathered.into_bytes())
}

/// Pieces of a body. A body of one piece is not copied.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    more: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    fn push(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.first = piece;
            return;
        }
        if self.more.is_empty() {
            self.more.reserve(self.first.len() + piece.len());
            self.more.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.more.extend_from_slice(&piece);
    }

    fn into_bytes(self) -> Bytes {
        if self.more.is_empty() { self.first } else { self.more.freeze() }
    }
}

/// Bodies that are shorter are always read into memory.
const LONG: u64 = 1 << 20;

/// Whether a body is long, or may be: then it passes without being read first, if that may be.
pub(super) fn is_long<B: http_body::Body>(body: &B) -> bool {
    !body.is_end_stream() && body.size_hint().upper().is_none_or(|upper| upper > LONG)
}
