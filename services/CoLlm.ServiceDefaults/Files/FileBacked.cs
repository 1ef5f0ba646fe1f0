using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Files;

/// <summary>
/// A value made of files, and made again when their content has changed. Looked at when the value is asked for, not watched: notices of changes
/// get lost on the mounts that secrets come by. What cannot be used leaves the value as it is. Safe to use from any thread.
/// </summary>
public sealed class FileBacked<T>
    where T : class
{
    /// <summary>The longest that an old value is used after a change, where it is asked for at all.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly SettingFile[] _files;
    private readonly Func<byte[][], T> _make;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private byte[][] _contents;
    private T _value;
    private long _looked;
    private string? _problem;

    /// <param name="files">Read now, and whenever the value is asked for.</param>
    /// <param name="make">Makes the value of their contents; throws a <see cref="SettingFileException"/> where it cannot.</param>
    /// <param name="time">Says when to look again.</param>
    /// <param name="logger">Hears of changes.</param>
    /// <exception cref="SettingFileException">The files cannot be used.</exception>
    public FileBacked(SettingFile[] files, Func<byte[][], T> make, TimeProvider time, ILogger logger)
    {
        (_files, _make, _time, _logger) = (files, make, time, logger);
        _contents = ReadAll();
        _value = make(_contents);
        _looked = time.GetTimestamp();
    }

    /// <summary>What the files say, at most <see cref="LookInterval"/> ago.</summary>
    public T Current
    {
        get
        {
            lock (_lock)
            {
                if (_time.GetElapsedTime(_looked) >= LookInterval)
                    LookWhileLocked();
                return _value;
            }
        }
    }

    private void LookWhileLocked()
    {
        _looked = _time.GetTimestamp();
        try
        {
            byte[][] contents = ReadAll();
            if (!contents.Zip(_contents).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)))
            {
                _value = _make(contents);
                _contents = contents;
                _logger.Reread(string.Join(" and ", _files.Select(file => file.Path)));
            }

            _problem = null;
        }
        catch (SettingFileException exception)
        {
            if (_problem != exception.Message)
                _logger.KeptAsItWas(exception.Message);
            _problem = exception.Message;
        }
    }

    private byte[][] ReadAll() => [.. _files.Select(file => file.Read())];
}
