const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export interface LocalDefaults {
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Returns the region and credentials that the SDK needs for a local Kinesis or DynamoDB: a stand-in accepts any, but the
 * SDK would search for both everywhere and fail. Empty unless the endpoint is a loopback address.
 */
export function localDefaults(
  options: { readonly endpoint?: string; readonly region?: string },
  environment: NodeJS.ProcessEnv,
): LocalDefaults {
  const { endpoint } = options;
  if (endpoint === undefined || !URL.canParse(endpoint) || !LOOPBACK.test(new URL(endpoint).hostname))
    return {};
  const region = options.region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  const hasCredentials = environment.AWS_ACCESS_KEY_ID !== undefined || environment.AWS_PROFILE !== undefined;
  return {
    ...(region === undefined ? { region: 'us-east-1' } : {}),
    ...(hasCredentials ? {} : { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  };
}
