using System.Buffers;
using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One header or trailer: a lower-case key with text, or with bytes where the key ends in <c>-bin</c>.</summary>
    public class Entry
    {
        private static readonly SearchValues<char> KeyCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

        private readonly string? _value;
        private readonly byte[]? _bytes;

        /// <exception cref="ArgumentException">The key has other characters than letters, digits, '.', '_' and '-', or lacks <c>-bin</c>.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            Key = NormalizeKey(key);
            if (!IsBinaryKey(Key))
                throw new ArgumentException($"Metadata key '{Key}' must end in '{BinaryHeaderSuffix}' to have a binary value.", nameof(key));

            ArgumentNullException.ThrowIfNull(valueBytes);
            _bytes = (byte[])valueBytes.Clone();
        }

        /// <exception cref="ArgumentException">The key has other characters than letters, digits, '.', '_' and '-', or ends in <c>-bin</c>.</exception>
        public Entry(string key, string value)
        {
            Key = NormalizeKey(key);
            if (IsBinaryKey(Key))
                throw new ArgumentException($"Metadata key '{Key}' ends in '{BinaryHeaderSuffix}' and so needs a binary value.", nameof(key));

            _value = value ?? throw new ArgumentNullException(nameof(value));
        }

        private Entry(string key, string? value, byte[]? bytes)
        {
            Key = key;
            _value = value;
            _bytes = bytes;
        }

        /// <summary>The key in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => _bytes is not null;

        /// <summary>The value as bytes, a copy; text is given as ASCII.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_value!) : (byte[])_bytes.Clone();

        /// <summary>The value as text.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value => _value ?? throw new InvalidOperationException($"Metadata entry '{Key}' is binary and has no text.");

        public override string ToString() => IsBinary
            ? $"[Entry: key={Key}, valueBytes={Convert.ToHexString(_bytes!)}]"
            : $"[Entry: key={Key}, value={_value}]";

        /// <summary>The bytes themselves, for the encoder, which does not keep them.</summary>
        internal ReadOnlySpan<byte> BinarySpan => _bytes;

        internal static bool IsBinaryKey(string key) => key.EndsWith(BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase);

        /// <summary>An entry off the wire; the array becomes the entry's own.</summary>
        internal static Entry FromWire(string key, byte[] bytes) => new(LowerCase(key), null, bytes);

        /// <summary>An entry off the wire, whose key HTTP has checked already.</summary>
        internal static Entry FromWire(string key, string value) => new(LowerCase(key), value, null);

        private static string NormalizeKey(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            string lower = LowerCase(key);
            if (lower.Length == 0 || lower.AsSpan().ContainsAnyExcept(KeyCharacters))
                throw new ArgumentException($"Metadata key '{key}' may only have letters, digits, '.', '_' and '-', and not be empty.", nameof(key));

            return lower;
        }

        private static string LowerCase(string key)
        {
            if (!key.AsSpan().ContainsAnyInRange('A', 'Z'))
                return key;

#pragma warning disable CA1308 // HTTP/2 field names are lower case.
            return key.ToLowerInvariant();
#pragma warning restore CA1308
        }
    }
}
