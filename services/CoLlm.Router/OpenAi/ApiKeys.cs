using System.Security.Cryptography;
using System.Text;
using CoLlm.ServiceDefaults.Files;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.OpenAi;

/// <summary>The keys that applications may come with: those of a file, one a line, always as it is now. Safe to use from any thread.</summary>
internal sealed class ApiKeys
{
    private const int MaxKeys = 10_000;
    private const int MaxKeyLength = 512;
    private const string Scheme = "Bearer ";

    private readonly FileBacked<byte[][]> _hashes;

    /// <exception cref="SettingFileException">The file cannot be used.</exception>
    public ApiKeys(SettingFile file, TimeProvider time, ILogger logger) =>
        _hashes = new FileBacked<byte[][]>([file], contents => Read(file, contents[0]), time, logger);

    /// <summary>Whether an <c>Authorization</c> header has one of the keys. Takes as long for a wrong key as for a right one.</summary>
    public bool Allow(string? authorization)
    {
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || authorization.Length > Scheme.Length + MaxKeyLength)
            return false;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Scheme.Length..].Trim()), hash);
        bool isKnown = false;
        foreach (byte[] known in _hashes.Current)
            isKnown |= CryptographicOperations.FixedTimeEquals(known, hash);
        return isKnown;
    }

    /// <summary>Hashes of a file's keys; empty lines and those that begin with # are none.</summary>
    /// <exception cref="SettingFileException">A line is no key, or there are none or too many.</exception>
    public static byte[][] Read(SettingFile file, byte[] content)
    {
        List<byte[]> hashes = [];
        foreach ((int index, string line) in Encoding.UTF8.GetString(content).Split('\n').Index())
        {
            string key = line.Trim();
            if (key.Length == 0 || key[0] == '#')
                continue;
            if (key.Length > MaxKeyLength || key.Any(character => character is <= ' ' or > '~'))
                throw new SettingFileException(file.Setting, $"{file.Path}: line {index + 1} is no key of at most {MaxKeyLength} printable characters.");
            hashes.Add(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        }

        if (hashes.Count is 0 or > MaxKeys)
            throw new SettingFileException(file.Setting, $"{file.Path} has {hashes.Count} keys; it must have 1 to {MaxKeys}, one a line.");
        return [.. hashes];
    }
}
