namespace CoLlm.Training.Pipeline;

/// <summary>When an answer counts as right during calibration.</summary>
public enum CalibrationMetric
{
    /// <summary>It equals the reference, white space at both ends aside.</summary>
    Exact,

    /// <summary>It contains the reference.</summary>
    Contains,
}
