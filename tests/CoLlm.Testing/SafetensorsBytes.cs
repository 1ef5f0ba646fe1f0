using System.Buffers.Binary;
using System.Text;

namespace CoLlm.Testing;

/// <summary>Puts together safetensors files byte by byte, correct or deliberately wrong.</summary>
public static class SafetensorsBytes
{
    /// <summary>A file from the header's text and the data that follows it; the length prefix is computed.</summary>
    public static byte[] From(string headerJson, byte[] data) => From((ulong)Encoding.UTF8.GetByteCount(headerJson), headerJson, data);

    /// <summary>A file whose length prefix says whatever the test wants.</summary>
    public static byte[] From(ulong lengthPrefix, string headerJson, byte[] data)
    {
        byte[] header = Encoding.UTF8.GetBytes(headerJson);
        byte[] file = new byte[8 + header.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, lengthPrefix);
        header.CopyTo(file, 8);
        data.CopyTo(file, 8 + header.Length);
        return file;
    }
}
