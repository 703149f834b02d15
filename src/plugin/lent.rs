//! What a host lends for a block, made whole.
//!
//! A host may leave a bus out, connect it with fewer channels or more, or lend a channel without memory. nice-plug 0.4.2
//! would read beyond the host's tables or not process at all, so the exports hand it tables of our own, in which every
//! channel that is missing leads to memory of ours. Allocates only when it is built.
#![allow(unsafe_code)]

/// Channels of the widest bus.
pub(super) const CHANNELS: usize = 2;
/// Blocks up to this length can be completed even if the host has announced shorter ones.
const AT_LEAST: usize = 8_192;

/// One pointer per channel.
pub(super) type Table = [*mut f32; CHANNELS];

/// Memory for the channels that a host does not lend.
#[derive(Default)]
pub(super) struct Spare {
    /// Read only, and always zero.
    silence: Vec<f32>,
    /// A side chain of two channels, for a layout that hears one.
    mixed: Vec<f32>,
    /// Written and never read: one for each channel of the main output and of the key bus.
    scrap: [[Vec<f32>; CHANNELS]; 2],
}

/// The channels of one bus, as a host lends them.
#[derive(Clone, Copy)]
pub(super) struct Lent {
    /// The host's table; null or as long as `channels`.
    pub(super) table: *mut *mut f32,
    pub(super) channels: usize,
}

impl Lent {
    /// A bus that the host has left out.
    pub(super) const NOTHING: Self = Self { table: std::ptr::null_mut(), channels: 0 };

    /// A channel's memory, if there is any.
    ///
    /// # Safety
    /// The table must be null or as long as `channels`.
    pub(super) unsafe fn channel(self, index: usize) -> Option<*mut f32> {
        if self.table.is_null() || index >= self.channels {
            return None;
        }
        // SAFETY: the caller's promise; the index was checked.
        let channel = unsafe { *self.table.add(index) };
        (!channel.is_null()).then_some(channel)
    }

    /// Whether there are just `wanted` channels, and memory for all of them.
    ///
    /// # Safety
    /// As for [`Self::channel`].
    pub(super) unsafe fn is_whole(self, wanted: usize) -> bool {
        // SAFETY: the caller's promise.
        self.channels == wanted && (0..wanted).all(|index| unsafe { self.channel(index) }.is_some())
    }

    /// One bit for each channel that holds nothing but zeros in its first `frames` samples.
    ///
    /// # Safety
    /// As for [`Self::channel`], and every channel must hold `frames` samples that nobody writes meanwhile.
    pub(super) unsafe fn silent_channels(self, frames: usize) -> u64 {
        (0..self.channels.min(64)).fold(0, |mask, index| {
            // SAFETY: the caller's promise.
            let silent = unsafe { self.channel(index) }.is_some_and(|channel| {
                // SAFETY: as above.
                unsafe { std::slice::from_raw_parts(channel, frames) }.iter().all(|sample| *sample == 0.0)
            });
            mask | (u64::from(silent) << index)
        })
    }
}

/// The main input to the main output as it is, and silence on all other channels: for when nothing else can be done.
///
/// # Safety
/// Each as for [`Lent::channel`], each channel with `frames` samples.
pub(super) unsafe fn pass_through(input: Lent, outputs: impl Iterator<Item = Lent>, frames: usize) {
    for (bus, output) in outputs.enumerate() {
        for index in 0..output.channels {
            // SAFETY: the caller's promise. Input and output may be the same memory, which `copy` bears.
            unsafe {
                let Some(to) = output.channel(index) else { continue };
                match input.channel(index).or_else(|| input.channel(0)).filter(|_| bus == 0) {
                    Some(from) => std::ptr::copy(from, to, frames),
                    None => std::slice::from_raw_parts_mut(to, frames).fill(0.0),
                }
            }
        }
    }
}

impl Spare {
    /// For blocks of up to `longest` frames.
    pub(super) fn new(longest: usize) -> Self {
        let memory = || vec![0.0; longest.max(AT_LEAST)];
        Self { silence: memory(), mixed: memory(), scrap: std::array::from_fn(|_| std::array::from_fn(|_| memory())) }
    }

    /// Whether a block of `frames` can be completed.
    pub(super) fn reaches(&self, frames: usize) -> bool {
        frames <= self.silence.len()
    }

    /// An input of `wanted` channels. A missing channel is the first one again, or silence where there is none; two
    /// channels are mixed where one is wanted.
    ///
    /// # Safety
    /// `lent` as for [`Lent::channel`], each channel with `frames` samples; [`Self::reaches`] must have said yes.
    pub(super) unsafe fn input(&mut self, lent: Lent, wanted: usize, frames: usize) -> Table {
        // SAFETY: the caller's promise.
        let (first, second) = unsafe { (lent.channel(0), lent.channel(1)) };
        let Some(left) = first else { return [self.silence.as_mut_ptr(); CHANNELS] };
        match second {
            Some(right) if wanted > 1 => [left, right],
            Some(right) => {
                // SAFETY: both channels hold `frames` samples, the caller's promise; ours is not among the host's.
                let (left, right) =
                    unsafe { (std::slice::from_raw_parts(left, frames), std::slice::from_raw_parts(right, frames)) };
                for ((mixed, left), right) in self.mixed.iter_mut().zip(left).zip(right) {
                    *mixed = 0.5 * (left + right);
                }
                [self.mixed.as_mut_ptr(); CHANNELS]
            }
            None => [left; CHANNELS],
        }
    }

    /// Output number `bus`, with memory of ours in place of what is missing. Channels beyond the `wanted` ones are
    /// filled with zeros.
    ///
    /// # Safety
    /// As for [`Self::input`]; `bus` is 0 or 1.
    pub(super) unsafe fn output(&mut self, bus: usize, lent: Lent, wanted: usize, frames: usize) -> Table {
        for index in wanted..lent.channels {
            // SAFETY: the caller's promise.
            if let Some(channel) = unsafe { lent.channel(index) } {
                // SAFETY: as above.
                unsafe { std::slice::from_raw_parts_mut(channel, frames) }.fill(0.0);
            }
        }
        let scrap = &mut self.scrap[bus];
        // SAFETY: the caller's promise.
        std::array::from_fn(|index| unsafe { lent.channel(index) }.unwrap_or_else(|| scrap[index].as_mut_ptr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host's table over `channels`.
    fn lend(channels: &mut [Vec<f32>], table: &mut Vec<*mut f32>) -> Lent {
        table.clear();
        table.extend(channels.iter_mut().map(|channel| channel.as_mut_ptr()));
        Lent { table: table.as_mut_ptr(), channels: table.len() }
    }

    fn read(pointer: *mut f32, frames: usize) -> Vec<f32> {
        // SAFETY: the tests below lend `frames` samples everywhere.
        unsafe { std::slice::from_raw_parts(pointer, frames) }.to_vec()
    }

    #[test]
    fn a_missing_input_is_silence_and_a_missing_channel_the_other_one() {
        let mut spare = Spare::new(4);
        let mut table = Vec::new();
        // SAFETY: nothing is lent.
        let nothing = unsafe { spare.input(Lent::NOTHING, 2, 4) };
        assert_eq!(nothing.map(|channel| read(channel, 4)), [vec![0.0; 4], vec![0.0; 4]]);
        let mut mono = [vec![1.0; 4]];
        let lent = lend(&mut mono, &mut table);
        // SAFETY: four samples are lent.
        let twice = unsafe { spare.input(lent, 2, 4) };
        assert_eq!(twice.map(|channel| read(channel, 4)), [vec![1.0; 4], vec![1.0; 4]]);
    }

    #[test]
    fn two_channels_are_mixed_where_one_is_wanted() {
        let mut spare = Spare::new(4);
        let (mut table, mut stereo) = (Vec::new(), [vec![1.0; 4], vec![0.0; 4]]);
        let lent = lend(&mut stereo, &mut table);
        // SAFETY: four samples are lent.
        let [mixed, _] = unsafe { spare.input(lent, 1, 4) };
        assert_eq!(read(mixed, 4), [0.5; 4]);
    }

    #[test]
    fn a_missing_output_is_ours_and_an_extra_channel_is_silenced() {
        let mut spare = Spare::new(4);
        let (mut table, mut three) = (Vec::new(), [vec![1.0; 4], vec![2.0; 4], vec![3.0; 4]]);
        let lent = lend(&mut three, &mut table);
        // SAFETY: four samples are lent.
        let [left, right] = unsafe { spare.output(0, lent, 2, 4) };
        assert_eq!((left, right), (three[0].as_mut_ptr(), three[1].as_mut_ptr()));
        assert_eq!(three[2], [0.0; 4]);
        // SAFETY: nothing is lent.
        let ours = unsafe { spare.output(1, Lent::NOTHING, 2, 4) };
        assert!(ours[0] != ours[1] && ours.iter().all(|channel| !channel.is_null()));
    }

    #[test]
    fn what_passes_through_is_the_input_and_silence() {
        let (mut tables, mut key) = ([Vec::new(), Vec::new(), Vec::new()], [vec![9.0; 3]]);
        let (mut mono, mut stereo) = ([vec![1.0, 2.0, 3.0]], [vec![0.0; 3], vec![0.0; 3]]);
        let [of_input, of_output, of_key] = &mut tables;
        let (input, output) = (lend(&mut mono, of_input), lend(&mut stereo, of_output));
        let key_bus = lend(&mut key, of_key);
        // SAFETY: three samples are lent everywhere.
        unsafe { pass_through(input, [output, key_bus].into_iter(), 3) };
        assert_eq!(stereo, [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]);
        assert_eq!(key, [[0.0; 3]]);
    }

    #[test]
    fn only_zeros_are_silence() {
        let (mut table, mut stereo) = (Vec::new(), [vec![0.0, -0.0, 0.0], vec![0.0, 1e-40, 0.0]]);
        let lent = lend(&mut stereo, &mut table);
        // SAFETY: three samples are lent.
        assert_eq!(unsafe { lent.silent_channels(3) }, 0b01);
    }
}
