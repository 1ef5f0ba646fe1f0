using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace CoLlm.Inference.Tokenization.Decoding;

/// <summary>
/// The byte tokens in a row that a streaming decoder holds back. By <see cref="InvalidBytes.WholeRun"/> a run shows only at its
/// end whether it is text, so it is held until then, or until it is known to be broken; by <see cref="InvalidBytes.EachByte"/> at
/// most three bytes are held.
/// </summary>
internal sealed class ByteRun(bool wholeRun)
{
    private const char Replacement = '\uFFFD';

    private readonly List<byte> _held = [];

    /// <summary>Bytes at the start of what is held that are known to be whole characters.</summary>
    private int _complete;

    private bool _isBroken;

    /// <summary>Takes the next byte; writes what is settled by it.</summary>
    public void Append(byte value, StringBuilder output)
    {
        if (_isBroken)
        {
            output.Append(Replacement);
            return;
        }

        _held.Add(value);
        Settle(output, isEnd: false);
    }

    /// <summary>The run is over; writes what is held.</summary>
    public void End(StringBuilder output)
    {
        if (_held.Count > 0)
            Settle(output, isEnd: true);
        if (!_isBroken)
            Flush(_complete, output);
        _isBroken = false;
    }

    private void Settle(StringBuilder output, bool isEnd)
    {
        while (_complete < _held.Count)
        {
            ReadOnlySpan<byte> rest = CollectionsMarshal.AsSpan(_held)[_complete..];
            OperationStatus status = Rune.DecodeFromUtf8(rest, out _, out int consumed);
            if (status == OperationStatus.NeedMoreData && !isEnd)
                break;
            if (status == OperationStatus.Done)
            {
                _complete += consumed;
            }
            else if (wholeRun)
            {
                output.Append(Replacement, _held.Count);
                Forget(_held.Count);
                _isBroken = true;
                return;
            }
            else
            {
                Flush(_complete, output);
                output.Append(Replacement);
                Forget(1);
            }
        }

        if (!wholeRun)
            Flush(_complete, output);
    }

    private void Flush(int count, StringBuilder output)
    {
        if (count == 0)
            return;
        output.Append(Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_held)[..count]));
        Forget(count);
    }

    private void Forget(int count)
    {
        _held.RemoveRange(0, count);
        _complete = 0;
    }
}
