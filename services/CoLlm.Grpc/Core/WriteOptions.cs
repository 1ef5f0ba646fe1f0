namespace Grpc.Core;

/// <summary>How one message of a stream is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>The message may wait for the next one before it goes out.</summary>
    BufferHint = 0x1,

    /// <summary>The message goes uncompressed even where the call compresses.</summary>
    NoCompress = 0x2,
}

/// <summary>Options for the messages of a call.</summary>
public class WriteOptions
{
    /// <summary>No flags.</summary>
    public static readonly WriteOptions Default = new();

    public WriteOptions(WriteFlags flags = default)
    {
        Flags = flags;
    }

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; }
}
