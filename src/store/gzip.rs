//! gzip on all processors: pieces of the input are deflated side by side and make one stream.
//!
//! The pieces are as long whoever packs them, and nothing of one is looked up in another, so the same
//! input gives the same bytes on any machine.
//!
//! Source: RFC 1951, 3.2.4 (an empty stored block ends a piece at a whole byte); RFC 1952.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::num::NonZero;

/// How much is deflated as one piece.
const PIECE: usize = 1 << 20;

/// No name, no time, no flags; from an unknown system, as every library writes it.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The last block, with nothing in it.
const END: [u8; 2] = [3, 0];

/// Compresses everything that `from` gives; `level` is 1 to 9.
///
/// # Errors
/// The reader's and the writer's.
pub(super) fn pack(level: u32, mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    to.write_all(&HEADER)?;
    let mut crc = Crc::new();
    std::thread::scope(|scope| {
        let mut waiting = VecDeque::with_capacity(threads);
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            from.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                break;
            }
            waiting.push_back(scope.spawn(move || {
                let mut crc = Crc::new();
                crc.update(&piece);
                deflate(level, &piece).map(|bytes| (bytes, crc))
            }));
            if waiting.len() >= threads
                && let Some(first) = waiting.pop_front()
            {
                write(&mut to, &mut crc, first.join())?;
            }
        }
        waiting.into_iter().try_for_each(|piece| write(&mut to, &mut crc, piece.join()))
    })?;
    to.write_all(&END)?;
    to.write_all(&crc.sum().to_le_bytes())?;
    // The length modulo 2^32, which is all that Crc keeps of it.
    to.write_all(&crc.amount().to_le_bytes())
}

type Deflated = std::thread::Result<io::Result<(Vec<u8>, Crc)>>;

fn write(to: &mut impl Write, crc: &mut Crc, piece: Deflated) -> io::Result<()> {
    let (bytes, of_piece) = piece.map_err(|_| io::Error::other("a thread that compresses has ended"))??;
    crc.combine(&of_piece);
    to.write_all(&bytes)
}

fn deflate(level: u32, piece: &[u8]) -> io::Result<Vec<u8>> {
    let mut deflater = Compress::new(Compression::new(level), false);
    let mut bytes = Vec::with_capacity(piece.len() / 2 + 1024);
    loop {
        let done = usize::try_from(deflater.total_in()).unwrap_or(piece.len());
        let status = deflater.compress_vec(&piece[done..], &mut bytes, FlushCompress::Sync)?;
        // With room left, everything is out (zlib manual, deflate: Z_SYNC_FLUSH).
        if deflater.total_in() == piece.len() as u64 && bytes.len() < bytes.capacity() {
            return Ok(bytes);
        }
        if status == Status::StreamEnd {
            return Err(io::Error::other("the compression ended by itself"));
        }
        bytes.reserve(64 << 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        // Of one member only: nothing may come after it.
        let mut decoder = flate2::bufread::GzDecoder::new(packed);
        decoder.read_to_end(&mut plain).unwrap();
        assert!(decoder.into_inner().is_empty());
        plain
    }

    #[test]
    fn pieces_make_one_stream_that_every_reader_knows() {
        let mut noise = 1u32;
        let mut input: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        })
        .take(PIECE + 7)
        .collect();
        input.extend(b"the same again ".repeat(200_000));
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, input.len()] {
            for level in [1, 5, 9] {
                let (mut packed, mut again) = (Vec::new(), Vec::new());
                pack(level, &input[..length], &mut packed).unwrap();
                pack(level, &input[..length], &mut again).unwrap();
                assert!(packed == again && unpacked(&packed) == input[..length], "{length} {level}");
            }
        }
    }
}
