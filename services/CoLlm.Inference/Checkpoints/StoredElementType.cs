namespace CoLlm.Inference.Checkpoints;

/// <summary>Element formats that a safetensors header may name, with their widths.</summary>
internal static class StoredElementType
{
    /// <summary>Bits per element, or 0 for a name that the format does not know.</summary>
    public static int Bits(string name) => name switch
    {
        "F64" or "I64" or "U64" or "C64" => 64,
        "F32" or "I32" or "U32" => 32,
        "F16" or "BF16" or "I16" or "U16" => 16,
        "BOOL" or "I8" or "U8" or "F8_E4M3" or "F8_E5M2" or "F8_E8M0" or "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => 8,
        "F6_E2M3" or "F6_E3M2" => 6,
        "F4" => 4,
        _ => 0,
    };

    /// <summary>The engine's name for a format it computes with; null for all others.</summary>
    public static ElementType? Computable(string name) => name switch
    {
        "F32" => ElementType.Float32,
        "F16" => ElementType.Float16,
        "BF16" => ElementType.BFloat16,
        _ => null,
    };
}
