namespace CoLlm.Inference.Backends;

/// <summary>A backend that can say how near it comes to what its device does at best.</summary>
public interface IMeasuredBackend : IInferenceBackend
{
    /// <summary>Device, library and number format, for a report.</summary>
    string DeviceDescription { get; }

    /// <summary>Bytes of weights that a decode step reads, whatever the batch.</summary>
    long StepWeightBytes { get; }

    /// <summary>Reads and writes a large block of the device's memory once; bytes per second, those read and those written.</summary>
    double CopyBandwidth();

    /// <summary>Multiplies two large square matrices in the model's number format; operations per second, two for each multiply-add.</summary>
    double MatmulRate();
}
