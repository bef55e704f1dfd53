<#
.SYNOPSIS
Installs mcp-tether for one user: downloads the release for this machine, verifies its checksum, and
puts one file in place. Needs no administrator. For Windows; install.sh is for Linux and macOS.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1
powershell -ExecutionPolicy Bypass -File install.ps1 -Version 0.1.0 -To C:\Tools
powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall
#>
param(
    [string] $Version = $(if ($env:MCP_TETHER_VERSION) { $env:MCP_TETHER_VERSION } else { 'latest' }),
    [string] $To = $env:MCP_TETHER_INSTALL_DIR,
    [switch] $Uninstall
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

# Where releases are; MCP_TETHER_BASE_URL names a mirror.
$Releases = 'https://github.com/mcp-tether/mcp-tether/releases'

function Stop-WithHint([string] $Message, [string] $Hint) {
    [Console]::Error.WriteLine("error: $Message")
    [Console]::Error.WriteLine('')
    [Console]::Error.WriteLine("hint: $Hint")
    exit 1
}

# The Rust target of the build for this machine; packaging/targets lists them.
function Get-Target {
    $architecture = $env:PROCESSOR_ARCHITECTURE
    # A 32-bit PowerShell on a 64-bit system.
    if ($env:PROCESSOR_ARCHITEW6432) { $architecture = $env:PROCESSOR_ARCHITEW6432 }
    switch ($architecture) {
        'AMD64' { return 'x86_64-pc-windows-msvc' }
        'ARM64' { return 'aarch64-pc-windows-msvc' }
        default {
            Stop-WithHint "there is no build for the processor ``$architecture``" 'build it: `cargo install mcp-tether --locked`'
        }
    }
}

function Get-Download([string] $Url, [string] $File) {
    try {
        Invoke-WebRequest -Uri $Url -OutFile $File -UseBasicParsing
    } catch {
        Stop-WithHint "cannot download ``$Url``: $($_.Exception.Message)" 'check the version and the connection, or name a mirror with `MCP_TETHER_BASE_URL`'
    }
}

function Test-Checksum([string] $Archive, [string] $Sums) {
    $name = Split-Path -Leaf $Archive
    $expected = $null
    foreach ($line in Get-Content -LiteralPath $Sums) {
        $parts = $line -split '\s+\*?', 2
        if ($parts.Count -eq 2 -and $parts[1] -eq $name) { $expected = $parts[0] }
    }
    if (-not $expected) {
        Stop-WithHint "SHA256SUMS has no checksum of ``$name``" 'the release is incomplete: try another version with `-Version`'
    }
    $actual = (Get-FileHash -LiteralPath $Archive -Algorithm SHA256).Hash
    if ($actual -ne $expected) {
        Stop-WithHint "``$name`` does not have the checksum that the release names" 'download it again; if that does not help, do not use it'
    }
}

function Add-ToPath([string] $Folder) {
    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    $folders = @("$path" -split ';' | Where-Object { $_ })
    if ($folders -contains $Folder) { return }
    [Environment]::SetEnvironmentVariable('Path', (($folders + $Folder) -join ';'), 'User')
    Write-Output "added ``$Folder`` to your PATH; open a new terminal to use it"
}

function Remove-FromPath([string] $Folder) {
    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    $folders = @("$path" -split ';' | Where-Object { $_ -and $_ -ne $Folder })
    [Environment]::SetEnvironmentVariable('Path', ($folders -join ';'), 'User')
}

function Install-Program([string] $Folder) {
    $target = Get-Target
    $base = $Releases
    if ($env:MCP_TETHER_BASE_URL) { $base = $env:MCP_TETHER_BASE_URL.TrimEnd('/') }
    $place = "$base/latest/download"
    if ($Version -ne 'latest') { $place = "$base/download/v$Version" }
    $work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid().ToString())
    New-Item -ItemType Directory -Path $work | Out-Null
    try {
        $archive = Join-Path $work "mcp-tether-$target.zip"
        $sums = Join-Path $work 'SHA256SUMS'
        Get-Download "$place/mcp-tether-$target.zip" $archive
        Get-Download "$place/SHA256SUMS" $sums
        Test-Checksum $archive $sums
        Expand-Archive -LiteralPath $archive -DestinationPath $work
        New-Item -ItemType Directory -Path $Folder -Force | Out-Null
        $program = Join-Path $Folder 'mcp-tether.exe'
        # A program that runs cannot be replaced, but it can be renamed.
        if (Test-Path -LiteralPath $program) {
            Move-Item -LiteralPath $program -Destination "$program.old" -Force
        }
        Move-Item -LiteralPath (Join-Path $work "mcp-tether-$target\mcp-tether.exe") -Destination $program
        Remove-Item -LiteralPath "$program.old" -Force -ErrorAction SilentlyContinue
    } finally {
        Remove-Item -LiteralPath $work -Recurse -Force
    }
    Write-Output "installed $(& $program --version) as ``$program``"
    Add-ToPath $Folder
}

function Uninstall-Program([string] $Folder) {
    $program = Join-Path $Folder 'mcp-tether.exe'
    if (-not (Test-Path -LiteralPath $program)) {
        Stop-WithHint "there is no ``$program``" 'name its folder: `-To FOLDER`'
    }
    Remove-Item -LiteralPath $program -Force
    Remove-FromPath $Folder
    Write-Output "removed ``$program``; sign-ins and settings stay"
}

if (-not $To) {
    if (-not $env:LOCALAPPDATA) {
        Stop-WithHint 'LOCALAPPDATA is not set' 'name a folder: `-To FOLDER`'
    }
    $To = Join-Path $env:LOCALAPPDATA 'Programs\mcp-tether'
}
if ($Uninstall) { Uninstall-Program $To } else { Install-Program $To }
