use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::attempt::Attempt;
use crate::{Next, Outcome};

/// The names of encodings, as IANA has them. Services write others, such as a charset, where nothing
/// is encoded.
const ENCODINGS: [&str; 12] = [
    "aes128gcm",
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];

/// How the body of an answer is read along.
pub(super) enum Reading {
    /// It is not encoded: what the operation gives out is passed on.
    Plain,
    /// A copy is decoded, and the body passed on as it is.
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// It is decoded, and what the operation gives out is passed on without an encoding.
    Decoded(Box<MultiGzDecoder<Vec<u8>>>),
    /// It is in an encoding that is not undone here, and passes as it is.
    Not,
    /// So it does from where it could not be decoded.
    Broken,
}

impl Reading {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut encodings = headers
            .get_all(CONTENT_ENCODING)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| {
                ENCODINGS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            });
        match (encodings.next(), encodings.next()) {
            (None, _) => Self::Plain,
            (Some(name), None)
                if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") =>
            {
                Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            }
            _ => Self::Not,
        }
    }

    /// What may be changed is passed on as it was decoded.
    pub(super) fn for_changes(self) -> Self {
        match self {
            Self::Gzip(decoder) => Self::Decoded(decoder),
            other => other,
        }
    }

    /// Takes a piece, and returns what to pass on.
    pub(super) fn feed(&mut self, attempt: &mut Attempt, piece: Bytes) -> Bytes {
        match self {
            Self::Plain => attempt.feed(&piece, |passed| {
                if piece.as_ptr_range().contains(&passed.as_ptr()) {
                    piece.slice_ref(passed)
                } else {
                    Bytes::copy_from_slice(passed)
                }
            }),
            Self::Gzip(decoder) => {
                let decoded = decoder.write_all(&piece).and_then(|()| decoder.flush());
                attempt.feed(decoder.get_ref(), |_| ());
                decoder.get_mut().clear();
                if decoded.is_err() {
                    *self = Self::Broken;
                }
                piece
            }
            Self::Decoded(decoder) => {
                // What cannot be decoded ends here, as it would in an HTTP client that decodes.
                let _ = decoder.write_all(&piece).and_then(|()| decoder.flush());
                let passed = attempt.feed(decoder.get_ref(), Bytes::copy_from_slice);
                decoder.get_mut().clear();
                passed
            }
            Self::Not | Self::Broken => piece,
        }
    }

    /// Ends the answer. Returns what was held back and is to be passed on, and what comes next.
    pub(super) fn end(
        &mut self,
        attempt: &mut Attempt,
        failure: Option<Outcome>,
    ) -> (Vec<u8>, Next) {
        let (passes_on, mut rest, is_read) = match self {
            Self::Plain => (true, Vec::new(), true),
            Self::Gzip(decoder) | Self::Decoded(decoder) => {
                let is_complete = decoder.try_finish().is_ok();
                let decoded = std::mem::take(decoder.get_mut());
                let rest = attempt.feed(&decoded, <[u8]>::to_vec);
                (matches!(self, Self::Decoded(_)), rest, is_complete)
            }
            Self::Not => (false, Vec::new(), true),
            Self::Broken => (false, Vec::new(), false),
        };
        let failure = failure.or((!is_read).then_some(Outcome::Unknown));
        let (held_back, next) = attempt.end(failure);
        rest.extend_from_slice(&held_back);
        (if passes_on { rest } else { Vec::new() }, next)
    }
}
