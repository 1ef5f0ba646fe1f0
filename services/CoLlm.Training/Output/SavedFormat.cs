namespace CoLlm.Training.Output;

/// <summary>Number formats in which trained weights are written.</summary>
public enum SavedFormat
{
    /// <summary>The master weights as they are.</summary>
    Float32,

    /// <summary>Rounded to the nearest bfloat16: half the size, and what most published checkpoints hold.</summary>
    Bfloat16,
}
